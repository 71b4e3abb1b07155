"""The table of what was adopted: which recording it became, and by what the start of its call is known.

Where a file came from is not in it, since names of recordings hold telephone numbers: an original that still lies outside is found again by
its hash. A row goes with that of its recording. SHA-256 is of the sound as it was found; a sound is adopted once.
"""

from sqlalchemy import Column, ForeignKey, String, Table

from callguard.store.base import metadata
from callguard.store.types import Moment

adoptions = Table(
    "adoptions",
    metadata,
    Column("recording_id", String, ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", String, nullable=False, unique=True),
    Column("start_from", String, nullable=False),
    Column("adopted_at", Moment, nullable=False),
)
