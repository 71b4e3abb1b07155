"""The head, written down outside of the database now and then: what a ledger that was cut off or written anew cannot agree with.

One line a head, ``TIME SEQUENCE HASH``, in a file that is only added to: beside an SQLite database with ``.heads`` behind its name, for
PostgreSQL in callguard's state folder. The same goes to the log, and with it to the journal, of which there may be a copy where nobody who
can write to the database can write: that copy is worth more than the file (``ledger verify --head HASH@SEQUENCE``). Its level is "info".

It is written at the daemon's start and stop, after each sweep, and while the daemon runs after :data:`EVERY` entries or an hour, whichever
comes first. What came behind the last noted head can still be cut off unseen, if no row of it is left. The log calls the sequence number
``count``, which it is, as there are no holes.

A file that cannot be written is told to the log and hinders nobody. Nor is it made durable at once: it may be behind the database, never
before it. After a restore of an older database it speaks of entries that are gone, as it should; who restores it then moves it aside.
"""

import logging
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import FileFault, StoreError
from callguard.evidence.chain import Head, written
from callguard.evidence.verification import NotedHead
from callguard.store.database import Database
from callguard.store.ledger_rows import ledger_head
from callguard.store.types import to_millis
from callguard.store.url import is_sqlite, sqlite_path

EVERY = 1000
"""Entries."""

LOOK_S = 60.0
LONGEST_S = 3600.0

_STATE = Path("/var/lib/callguard")

LOG = logging.getLogger(__name__)


def heads_file(url: sa.URL) -> Path:
    """Where the heads of this database are written."""
    if is_sqlite(url):
        path = sqlite_path(url)
        return path.with_name(f"{path.name}.heads")
    told = f"{url.host}:{url.port}/{url.database}?{url.query.get('host', '')}"
    state = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state or _STATE, f"ledger-{sha256(told.encode()).hexdigest()[:12]}.heads")


def note_head(database: Database) -> Head:
    """Write the head down as it is now committed. Raises :class:`StoreError`."""
    with database.read() as connection:
        head = ledger_head(connection)
    line = f"{written(to_millis(utc_now()))} {head.sequence} {head.hash}\n"
    path = heads_file(database.url)
    try:
        with path.open("ab", buffering=0) as file:
            file.write(line.encode())
    except OSError as failure:
        LOG.warning({"event": "the ledger's head could not be written down", "file": path, "fault": failure.strerror})
    LOG.info({"event": "ledger head", "count": head.sequence, "hash": head.hash})
    return head


def noted_heads(path: Path) -> Sequence[NotedHead]:
    """The heads of a file; none when there is no file. A last line that was cut off counts as not written. Raises :class:`FileFault`."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
        return [_noted(line.decode()) for line in lines]
    except FileNotFoundError:
        return ()
    except OSError as failure:
        raise FileFault(f"cannot be read: {failure.strerror}", place=str(path), remedy="run this as a user who may read it") from failure
    except ValueError:
        remedy = 'compare it with the lines "ledger head" in the journal, then move it aside'
        raise FileFault("holds lines that callguard did not write", place=str(path), remedy=remedy) from None


def _noted(line: str) -> NotedHead:
    at, sequence, found = line.split(" ")
    return NotedHead(at, Head(int(sequence), found))


class HeadWatch:
    """Notes the head while the daemon runs, on a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted = 0
        self._noted_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger heads", daemon=True)

    def start(self) -> None:
        """Note it now. Raises :class:`StoreError`."""
        self._note()
        self._thread.start()

    def stop(self) -> None:
        """Note it for the last time, if the database lets itself be read."""
        self._stopping.set()
        self._thread.join(LOOK_S)
        with suppress(StoreError):
            self._note()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            with suppress(StoreError):  # the engine is the one to tell of it
                self._look()

    def _look(self) -> None:
        with self._database.read() as connection:
            new = ledger_head(connection).sequence - self._noted
        if new >= EVERY or (new and time.monotonic() - self._noted_at >= LONGEST_S):
            self._note()

    def _note(self) -> None:
        self._noted, self._noted_at = note_head(self._database).sequence, time.monotonic()
