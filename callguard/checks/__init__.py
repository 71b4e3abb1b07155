"""What must be true before the daemon runs and while it does: each thing looked at and told on a line, with what to do about it.

    report     what is said of one thing: ok, warning, failed, not checked (and why)
    survey     all checks in their order
    machine    database, recordings, announcements and daemon, as this machine sees them
    storage    whether recordings are sealed, and what is lost when they are not
    pbx        one Asterisk, asked over AMI as the daemon will ask it
    asking     the AMI login that those checks use
    shared     whether this machine and the PBX mean the same folder
    access     who may write where, read from modes and groups

Nothing is changed but for a small file that is written and removed again. What cannot be found out with the few rights that the daemon has
at the PBX is told as not checked, never as ok.
"""
