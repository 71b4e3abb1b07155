"""What an auditor is shown, and what nobody else gets to hear: the ledger, and the vault for recordings.

    vault            a recording that is over: sealed, read back, and only then its plain file removed
    sealing          the form of a sealed recording
    keys, master     a key for each recording, in a store apart; what wraps them
    wrapping         the form of a key's file
    mastery          under which master key a store is
    renewal          all keys under a new one; an `undertaking`, as is the next
    later            sealing what was kept plain until now
    listening        who hears a recording is entered first
    copying          how a copy that leaves the house is told from every other

The ledger is an append-only chain of hashes, from which nobody can quietly take anything back (S10, S13, C7).

    chain            an entry's written form and its hash; pure, and fixed for ever
    entries          what is entered of each kind of fact, and why no entry tells of whom it is; so in …_entries, each for a part
    verification     what is asked of a ledger: chain, noted heads, rows
    heads            the head, written to a file and to the log
    configuration    which configuration file was in force

The table is :mod:`callguard.store.ledger_rows`, whose ``append`` is called by whatever writes evidence, in the same transaction;
:mod:`callguard.store.evidence_rows` reads the rows that are proven. The commands are ``callguard ledger verify`` and ``… export``.

What a stranger gets is the export: an object of JSON a line, ``at``, ``body``, ``hash``, ``kind``, ``previous``, ``sequence``, and a last
line with the head. He takes ``hash`` away, writes the rest as canonical JSON (RFC 8785; any library for it will do), hashes that with
SHA-256, and compares; ``previous`` must be the hash of the line before, and the head that of the last. README.md has a script of ten lines
that does so. To show him one decision, he is given its row of ``consents`` as JSON, without ``id`` and with times in milliseconds: the
SHA-256 of its canonical form is the ``digest`` of the entry. That row names the person, and the salt in it goes with it: once it is erased,
the entry proves that there was a decision in a call of which nothing else is known, and no guess at a number can be tried on it. So no key
is needed to prove anything, and none has to be kept for as long as the ledger.

What it does not prove: that what callguard wrote was true; and, of what came behind the last head that was noted out of reach of whoever
can write to the database, that it was not cut off or written anew.
"""
