"""The only place that knows a PBX's protocol.

switch         the port: facts out, orders in; the in-memory double
asterisk       Asterisk behind the port
ami            the link: one AMI connection kept alive (on panoramisk), actions with one outcome each; ami_* below it
ami_events     AMI messages → call events, by an allow-list; ami_facts: what the dialplan tells of a call
ami_orders     commands → AMI actions, and what their answers mean; ami_agi: async AGI
ami_snapshot   all channels, after the link came up
causes         Q.850
"""
