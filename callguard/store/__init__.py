"""The database: SQLite or PostgreSQL, one daemon, many readers. The only place that speaks SQL.

    url, database, claim, failures      one SQLite file or PostgreSQL database; transactions, the one daemon, errors told by kind
    tables, types, schema               what is kept, and which version of it a database has
    migration, migrations/              bringing it up to date
    records, loading, call_rows         calls, saved at every step and taken up again
    policy_rows, announcement_rows      the archives that decisions point at
    message_rows, retention_rows        texts that were seen; recordings whose time has come
    record_rows, record_parts, contract_rows    when calls and messages end, what goes with them, ends of contracts
    hold_rows, retag_rows, root_rows    legal holds; what a changed rule changes; what guards ask
    search, listing, showing            what the command line tells

Functions take an open connection, so that the caller says what belongs into one transaction. Evidence (consents,
deletions, announcements, policies) is only ever added to.
"""
