"""The one place that asks what time it is.

Everything that decides takes `now` as an argument; everything that acts asks here. One module means that a test or a guard can
see every use of the wall clock with one search, and that no naive time is ever made.
"""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The wall clock, aware, in UTC, with the resolution of the system."""
    return datetime.now(UTC)
