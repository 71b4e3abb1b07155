"""The only place that knows a PBX's protocol.

switch         the port: facts out, orders in; the in-memory double
asterisk       Asterisk behind the port
ami            the link: one AMI connection kept alive (on panoramisk), actions with one outcome each; ami_* below it
ami_events     AMI messages → call events, by an allow-list; ami_facts: what the dialplan tells of a call
ami_orders     commands → AMI actions, and what their answers mean; ami_agi: async AGI
ami_whispers   speaking to one person in a conversation
ami_snapshot   all channels, after the link came up
freeswitch     FreeSWITCH behind the port
esl            the link: one ESL connection kept alive (on greenswitch), commands with one outcome each; esl_* below it
esl_events     ESL events → call events, by an allow-list; esl_facts: what a leg tells of itself; esl_lines: who talks with whom
esl_orders     commands → ESL commands, and what their answers mean; esl_hands: who is in our hands, and when an order can be given
esl_whispers   speaking to one person in a conversation
esl_snapshot   all channels, after the link came up
border         what both mappings know of their PBX
gate           what waits while a snapshot is being taken
causes         Q.850
"""
