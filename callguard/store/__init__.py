"""The database: SQLite or PostgreSQL, one daemon, many readers. The only place that speaks SQL.

    url, database, claim, failures      one SQLite file or PostgreSQL database; transactions, the one daemon, errors told by kind
    base, tables, …_tables, types       what is kept; all_tables knows all of them
    schema                              which version of it a database has
    migration, migrations/              bringing it up to date
    records, loading, call_rows         calls, saved at every step and taken up again
    policy_rows, announcement_rows      the archives that decisions point at
    message_rows, retention_rows        texts that were seen; recordings whose time has come
    record_rows, record_parts, contract_rows    when calls and messages end, what goes with them, ends of contracts
    hold_rows, retag_rows, root_rows    legal holds; what a changed rule changes; what guards ask
    deletion_rows, erasure_rows, seal_rows, rectified_rows    what deletion, erasure, sealing and rectification write
    register_tables, register_rows      registers that only grow; request_rows, incident_rows, copy_rows, act_rows read them
    optout_rows, person_rows, affected_rows    who is listed, what is kept of one person, whom an incident concerns
    adoption_rows, quarantine_rows, reconcile_rows    recordings from before, files that nobody knows, rows beside their files
    mail_rows, notice_rows              mails that wait; what was seen of mailboxes and equipment
    search, listing, showing, access_listing    what the command line tells

Functions take an open connection, so that the caller says what belongs into one transaction. Evidence (consents,
deletions, announcements, policies) is only ever added to.
"""
