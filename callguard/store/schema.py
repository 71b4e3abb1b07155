"""Which schema a database has, against the one this callguard reads and writes."""

from collections.abc import Sequence

import sqlalchemy as sa

from callguard.errors import StoreNewer, StoreOlder
from callguard.store.database import Database
from callguard.store.failures import MIGRATE

REVISIONS: Sequence[str] = tuple(f"{number:04}" for number in (*range(1, 13), 14))
"""All revisions in ``migrations/versions``, oldest first: known without loading Alembic, which would cost each command 0.1 s."""

_version = sa.table("alembic_version", sa.column("version_num", sa.String))


def check_schema(database: Database) -> None:
    """Raises :class:`StoreOlder` or :class:`StoreNewer` unless the database has exactly this callguard's schema."""
    found = current_revision(database)
    if found == REVISIONS[-1]:
        return
    if found is None or found in REVISIONS:
        message = f"its schema is {found or 'none yet'}, this callguard works with {REVISIONS[-1]}"
        raise StoreOlder(message, place=database.place, remedy=MIGRATE)
    raise StoreNewer(
        f"its schema {found} was made by a later callguard; this one knows up to {REVISIONS[-1]}",
        place=database.place,
        remedy="install that callguard again, or restore a backup from before it",
    )


def current_revision(database: Database) -> str | None:
    """The revision that the database says it has; ``None`` when it was never migrated."""
    with database.read() as connection:
        if not sa.inspect(connection).has_table(_version.name):
            return None
        return connection.scalar(sa.select(_version.c.version_num))
