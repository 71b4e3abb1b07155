"""Where the database is: an SQLAlchemy URL, made fit for callguard's drivers."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from callguard.errors import StoreUnreachable


def parse_url(url: str) -> sa.URL:
    """The URL with callguard's driver in it.

    Raises :class:`StoreUnreachable`, without the text of the faulty URL, which may hold a password.
    """
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        parsed = sa.URL.create("")
    backend = parsed.drivername.partition("+")[0]
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite", database=str(Path(parsed.database).resolve()))
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreUnreachable(
        "the URL names no database that callguard can use",
        place="store.url",
        remedy="write sqlite:////var/lib/callguard/callguard.db or postgresql+psycopg://ROLE@HOST/NAME",
    )


def is_sqlite(url: sa.URL) -> bool:
    """Whether the database is a file."""
    return url.get_backend_name() == "sqlite"


def sqlite_path(url: sa.URL) -> Path:
    """The file of an SQLite database."""
    return Path(url.database or "")
