"""From the last sample of a recording to its deletion, and the end of every other record.

    FileRecording ─► filing (thread) ─► closed? wav ─► repair ─► size, SHA-256, fault ─► tag ─► RecordingFiled
                                             │
    schedule ─► whole: dating ─► guards ─┬─► sweep: due recordings ─► files.inspect ─► rules.judge ──┬─► execution ─► row, proof, ledger
                                         └─► record_sweep: calls, messages ─► records.judge_record ──┘   files.delete

    looking, going, pace  what lies there, how many go together and durably, and how many at a time
    abreast, overwriting  several things at once that wait for the disk; zeros over the key files of what was sealed
    rules, records        who goes, who stays, and why
    terms, ruleset        for how long each kind is kept and from when on; floors
    holds, holding        what nobody may delete; by whom it is placed and released
    guards, marker        when a sweep must not be believed; how the recordings root is known
    retagging, tagged, retag    a changed rule applied to what is there
    contracts, csv_lists  where the end of a record comes from; lists that others wrote
    dating                when a record gets its end
    space                 room on the disk: it warns, then no recording begins, nothing is deleted
    differences, reconciling    rows and folders that do not agree, and what becomes of each difference
    walking, contents, sighting, comparing    what lies there, looked at and told with the rows that it leads to
    reconcile, quarantine, staying    the differences mended; where files go that nobody knows, and what keeps them

`differences`, `guards`, `holds`, `reconciling`, `records`, `retagging`, `rules`, `ruleset` and `terms` decide, and import nothing but the
standard library; `files` is the only module of callguard that removes a file; every path below the recordings root is walked by `paths`,
which follows no symbolic link. Whatever is about to delete or shorten something asks the holds in the same transaction
(:mod:`callguard.store.hold_rows`).
"""
