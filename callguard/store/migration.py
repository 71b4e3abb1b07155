"""Bring a database up to the schema of this callguard. The daemon does so at its start, under its claim.

Alembic is set up here, without an ``alembic.ini``: its revisions are part of the program. All that is missing runs in one transaction, and
takes the time it takes.
"""

import os
from pathlib import Path

import sqlalchemy as sa

from callguard.errors import StoreReadOnly, StoreUnreachable
from callguard.retention.folders import make_durable
from callguard.store.database import Database
from callguard.store.schema import REVISIONS, check_schema, current_revision
from callguard.store.url import is_sqlite, sqlite_path

_SCRIPTS = Path(__file__).parent / "migrations"
_MODE = 0o640
"""Numbers of people are in it: its group may read it, for backups, and nobody else."""


def migrate(database: Database) -> None:
    """Make the file where SQLite has none yet, and run the revisions that are missing.

    Raises :class:`StoreNewer` for a schema of a later callguard, and whatever :meth:`Database.write` raises.
    """
    if is_sqlite(database.url):
        _create_file(sqlite_path(database.url), database.place)
    if current_revision(database) in (None, *REVISIONS[:-1]):
        with database.reshape() as connection:
            upgrade(connection, "head")
    check_schema(database)


def upgrade(connection: sa.Connection, revision: str) -> None:
    """Run the revisions that are missing, up to this one."""
    from alembic import command  # noqa: PLC0415 - 50 ms, which hardly any start of the daemon has a use for, and calls wait for that
    from alembic.config import Config  # noqa: PLC0415 - the same

    settings = Config(attributes={"connection": connection})
    settings.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    command.upgrade(settings, revision)


def _create_file(path: Path, place: str) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))
        make_durable(path.parent)
    except FileExistsError:
        return
    except (FileNotFoundError, NotADirectoryError):
        raise StoreUnreachable("its folder does not exist", place=place, remedy=f"make {path.parent}, owned by callguard's user") from None
    except OSError as failure:
        remedy = f"let callguard's user write {path.parent}"
        raise StoreReadOnly(f"it cannot be created ({failure.strerror})", place=place, remedy=remedy) from None
