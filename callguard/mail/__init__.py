"""Mails: to people who want to know of calls (C4), and to who must act before a clock runs out (S14, S15t).

    a fact or a deadline ─► mails: a row with a key of its own, in the transaction of what it tells
                                 │
    post (a chore) ◄──────────────┘ what is due ─► delivery: one SMTP session ─► sent, later, refused, or unsure

A mail is sent at most once. Its row is marked before its text is handed to the server; whoever finds such a mark after a crash, or gets no
answer behind the last line, does not know whether the server took it, and does not send it again: a mail too few is told by `callguard
status`, one too many cannot be taken back. What the server refused, or never saw, is tried again for a day.

    notices, texts/    what a call, a mailbox or a phone gives cause to tell, and in which words
    warning            what is due: requests and incidents
    delivery, post     one SMTP session; which mail is tried when
    chores             warning and post, as the daemon does them

Texts hold numbers and times, never what an SMS or a voicemail says. Once a mail is settled, its text is gone from the database; thirty
days after it was made, so are its address and its key, which the sweep deletes.
"""
