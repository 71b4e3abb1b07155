"""The metadata of every table there is, for who makes or compares whole databases: migrations and tests."""

from callguard.store import tables
from callguard.store.base import metadata

__all__ = ["metadata", "tables"]
