"""Which configuration the daemon goes by, and since when: the digest of the file, entered whenever it is another one.

The content is not kept here: policies have an archive of their own, and the file is the operator's to keep, under the digest that
``sha256sum`` tells of it. What is proven is that nobody can later say it was another one.
"""

from hashlib import sha256
from pathlib import Path

from callguard import __version__
from callguard.errors import FileFault
from callguard.evidence import entries
from callguard.store.database import Database
from callguard.store.ledger_rows import append_configuration


def enter_configuration(database: Database, path: Path) -> None:
    """Enter the file as it is now, unless it was the last one that was entered. Raises :class:`FileFault` and :class:`StoreError`."""
    try:
        content = path.read_bytes()
    except OSError as failure:
        raise FileFault(f"cannot be read: {failure.strerror}", place=str(path), remedy="let callguard's user read it") from failure
    with database.write() as connection:
        append_configuration(connection, entries.configuration(sha256(content).hexdigest(), __version__))
