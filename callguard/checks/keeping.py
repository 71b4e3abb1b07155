"""Whether recordings and what locks them are as they must be: the mark in the root, the keys apart, all under one master key (S13, C7)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from callguard.checks.report import Check, Subject
from callguard.config import Settings
from callguard.errors import StoreError
from callguard.evidence.mastery import mastery
from callguard.evidence.vault import Vault
from callguard.premises import vault
from callguard.retention.guards import RootState, of_root
from callguard.retention.marker import NAME, look
from callguard.store.database import open_database
from callguard.store.schema import check_schema
from callguard.store.seal_rows import count_plain


def keeping(settings: Settings) -> Iterator[Check]:
    """What the database knows is not checked while it cannot be read; that is a line of its own."""
    kept = settings.recordings
    yield from _asked(settings, Subject("recordings root, its mark", str(kept.root / NAME)), _mark)
    if kept.storage == "sealed" and _is_reachable(kept.keys):
        yield from _apart(Subject("keys apart from recordings", str(kept.keys)), settings)
        subject = Subject("master key", str(kept.keys))
        yield from subject.attempt(lambda: _master(subject, vault(settings)))
        yield from _asked(settings, Subject("recordings in the clear", str(kept.root)), _in_the_clear)


def _is_reachable(folder: Path) -> bool:
    """Why it is not, the line on storage says."""
    try:
        return folder.is_dir()
    except PermissionError:
        return False


def _asked(settings: Settings, subject: Subject, look_at: Callable[[Subject, Settings, sa.Connection], Check]) -> Iterator[Check]:
    opened = open_database(settings.store.url)
    try:
        check_schema(opened)
        with opened.read() as connection:
            yield look_at(subject, settings, connection)
    except StoreError:
        yield subject.unchecked("only the database knows")
    finally:
        opened.close()


def _mark(subject: Subject, settings: Settings, connection: sa.Connection) -> Check:
    """By it a disk that is not mounted is told from one whose files are gone."""
    state, word = look(connection, settings.recordings.root)
    if state is RootState.MARKED:
        return subject.ok("it is the folder that callguard marked")
    for fault in of_root(state, word):
        return subject.failed(fault.message, fault.remedy)
    return subject.unchecked("not marked yet", "the daemon does so at its first start")


def _apart(subject: Subject, settings: Settings) -> Iterator[Check]:
    kept = settings.recordings
    if kept.root.is_dir() and kept.root.stat().st_dev == kept.keys.stat().st_dev:
        message = "on the same file system: a snapshot or an image of it holds both, and what is deleted can be heard from that"
        yield subject.warning(message, "put the keys on a file system of their own, or leave both out of snapshots and images")
    else:
        yield subject.ok("on a file system of their own")


def _master(subject: Subject, found: Vault | None) -> Iterator[Check]:
    said = mastery(found.keys.folder) if found else None
    if found is None or said is None:
        yield subject.unchecked("the store does not say yet which wraps its keys", "the daemon writes it down at its next start")
    elif said.present != found.master.name:
        former = found.master.former
        begun = former is not None and former.name == said.present
        message = "another one than is named wraps the keys"
        yield subject.failed(message, "callguard keys renew" if begun else "name the one that was in force as old_master_key_…")
    elif said.former is not None:
        named = found.master.former is not None and found.master.former.name == said.former
        message = "there may be keys that only the one before it opens: its renewal has not ended"
        remedy = "callguard keys renew"
        yield subject.warning(message, remedy) if named else subject.failed(message, f"name it as old_master_key_…, then {remedy}")
    else:
        yield subject.ok("all keys are under the one that is named")


def _in_the_clear(subject: Subject, _: Settings, connection: sa.Connection) -> Check:
    plain = count_plain(connection)
    if plain:
        return subject.warning(f"{plain} are not sealed", "callguard seal; callguard seal --dry-run says which")
    return subject.ok("none")
