"""The metadata of every table there is, for who makes or compares whole databases: migrations and tests."""

from callguard.store import quarantine_tables, rights_tables, tables
from callguard.store.base import metadata

__all__ = ["metadata", "quarantine_tables", "rights_tables", "tables"]
