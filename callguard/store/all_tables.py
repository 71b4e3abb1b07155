"""The metadata of every table there is, for who makes or compares whole databases: migrations and tests."""

from callguard.store import adoption_tables, mail_tables, optout_tables, quarantine_tables, register_tables, rights_tables, tables
from callguard.store.base import know_partial_indexes, metadata

__all__ = ["adoption_tables", "mail_tables", "metadata", "optout_tables", "quarantine_tables", "register_tables", "rights_tables", "tables"]

know_partial_indexes()
