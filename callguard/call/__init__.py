"""The pure core: no I/O, no clock, no threads, no logging, nothing but the standard library.

    events.py ──► step.py ──► consent.py    one party's dialogue, as a table
                     │           └── joining.py   the part of it for one who joins a conversation; dialogue.py: what both have in common
                     │
                     ├──────► recording.py  what is recorded, derived from who is covered
                     │
                     └──► (Call, commands)  state.py, commands.py

:mod:`~callguard.call.policy` says which rules a call falls under, :mod:`~callguard.call.period` counts calendar months,
:mod:`~callguard.call.cdr` sums an ended call up. Time is always an argument, inside the event.
"""
