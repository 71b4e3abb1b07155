"""The database: SQLite or PostgreSQL, one writer, many readers.

    tables, types      the schema; moments are UTC milliseconds
    database, claim    connections, transactions, and the one daemon that may write
    migration          Alembic, without files of its own
    records            calls written at every step (the hot path) and taken up again; policies, announcements, messages beside them
    listing            what commands show
    retention_rows     what the sweep asks and writes
    failures           what drivers raise, told as callguard's errors

Evidence (consents, deletions, announcements, policies) is only ever added to.
"""
