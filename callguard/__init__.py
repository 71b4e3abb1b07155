"""Recording consent, evidence and retention beside a live PBX.

    Asterisk ──AMI──► pbx/ami_*, asterisk ─► events ─► turn ─► call/ (pure) ─┐        engine: one writer
                       raw → fact: the allow-list        state + event       │        rows first, one commit a turn
                       of the border, messages die here  → state + commands ◄┘        commands second ─► pbx/ ─► PBX
                                                                                             │
    recordings row: path, expiry, policy ◄── retention/filing (measured, hashed, tagged) ◄───┘ at hang-up
          │
          └─► retention/rules (pure: who goes, and why) ─► retention/sweep ─► file gone, proof kept

Where to look:

    call/            what is asked, decided and recorded; nothing but the standard library; begin with consent.py
    pbx/             the port (switch.py), Asterisk and FreeSWITCH behind it; their halves are in dialplan/
    engine, turn     the queue, the transaction, the order of things
    daemon, health   wiring, signals, systemd; the status file
    store/           tables, hot-path writing, listings, migrations
    retention/       from the last sample of a recording to its deletion
    evidence/        the ledger; sealing, keys, and who listened
    rights/, mail/   what people ask for and what was done, by number; what must be told, and by when
    adoption/        recordings from before callguard came
    announcements/   text → sound → version → PBX
    config/, checks/, cli/, logs, errors    what an operator meets

Data goes one way: PBX → event → state → rows → commands. A recording is never begun by an event, only by the comparison of what is with
what may be; and never before the rows that justify it are committed.
"""

__version__ = "0.1.0"
