"""What a PBX recorded before us, or beside us, taken into our care: with a call, an expiry, a hash and a proof of its end.

    a folder ─► walking: file by file ─► names, sounds, call_list ─► beginning: when did its call begin, and by what is that known?
                                                                          │
    report, --dry-run ◄── judging: adopt, adopted already, leave; and why ◄┘◄── the database: adopted before? a call that is known?
                                     │
                      carrying: copy ─► tag ─► seal ─► call, recording, adoption and ledger in one transaction ─► original, on request

`names` and `beginning` decide and import nothing but the standard library. A verdict is made again before it is carried out, from the
database as it is then (design rule 10).
"""
