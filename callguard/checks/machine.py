"""Database, daemon, recordings and announcements, as this machine sees them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from pwd import getpwnam

from callguard import status_file
from callguard.announcements import Catalogue, Edition, inspect
from callguard.checks import access
from callguard.checks.report import Check, Subject
from callguard.clock import utc_now
from callguard.config import BUILT_IN, PolicySettings, Settings
from callguard.retention.paths import open_root
from callguard.retention.space import Pressure, in_words, pressure
from callguard.store.database import open_database
from callguard.store.schema import REVISIONS, check_schema

SERVICE_USER = "callguard"
SHARE = "make a group for both, give it to the folder (chgrp, chmod 2770), put both users in it and restart both"


def database(settings: Settings) -> Iterator[Check]:
    """Reachable, and of this version's schema."""

    def look() -> Iterator[Check]:
        opened = open_database(settings.store.url)
        try:
            check_schema(opened)
            yield Subject("database", opened.place).ok(f"reachable, schema {REVISIONS[-1]}")
        finally:
            opened.close()

    yield from Subject("database", "store").attempt(look)


def daemon(settings: Settings) -> Iterator[Check]:
    """Whether it runs; before it does, that is no fault."""
    subject = Subject("daemon", "service")
    status = status_file.latest(settings)
    if status is None:
        yield subject.unchecked("it does not run", "systemctl start callguard")
    elif fault := status.fault(utc_now()):
        yield subject.unchecked(f"it does not run: {fault}", "systemctl start callguard")
    else:
        down = [link.pbx for link in status.links if not link.up]
        yield subject.warning(f"runs without a link to {', '.join(down)}", "see below why") if down else subject.ok(f"runs as {status.pid}")


def recordings(settings: Settings) -> Iterator[Check]:
    """The root is a folder, has space left, and is the daemon's to write in."""
    root = settings.recordings.root
    yield from Subject("recordings root", str(root)).attempt(lambda: _root(root, settings))


def _root(root: Path, settings: Settings) -> Iterator[Check]:
    if not root.is_dir():
        remedy = "mount the disk that holds it, make it (systemd-tmpfiles --create callguard.conf), or correct recordings.root"
        yield Subject("recordings root", str(root)).failed("is not there, or is no folder", remedy)
        return
    os.close(open_root(root))
    yield _writable(Subject("recordings root", str(root)), root, _daemon_ids(settings))
    yield _space(Subject("free space", str(root)), shutil.disk_usage(root).free, settings.recordings.min_free)


def _writable(subject: Subject, root: Path, ids: access.Ids) -> Check:
    if access.may_write(ids, root) or access.has_access_list(root):
        return shared_by(subject, root, ids)
    return subject.failed(f"{ids.who} may not write in {root}", SHARE)


def shared_by(subject: Subject, root: Path, ids: access.Ids) -> Check:
    """Whether that user can work in the day folders that the daemon makes in the root; read, not tried."""
    why = access.obstacle(ids, root)
    if why is None:
        return subject.ok(f"{ids.who} may use it, by modes and groups")
    if access.has_access_list(root):
        return subject.unchecked(f"{why}; but {root} has an access list, which is not read here", "see getfacl")
    return subject.failed(why, SHARE)


def _daemon_ids(settings: Settings) -> access.Ids:
    """The running daemon's, else those of the service's user where root asks, else of whoever asks."""
    status = status_file.latest(settings)
    running = access.of_process(status.pid) if status and status.fault(utc_now()) is None else None
    return running or (_service() if os.geteuid() == 0 else None) or access.own()


def _service() -> access.Ids | None:
    try:
        return access.of_user(getpwnam(SERVICE_USER).pw_uid)
    except KeyError:
        return None


def _space(subject: Subject, free: int, least: int) -> Check:
    message = in_words(free, least)
    remedy = "make room or a larger disk; callguard never deletes a recording before its time"
    found = pressure(free, least)
    if found is Pressure.FULL:
        return subject.failed(message, remedy)
    return subject.warning(message, remedy) if found is Pressure.LOW else subject.ok(message)


def announcements(settings: Settings) -> Iterator[Check]:
    """Built for every policy, saying the keys that the policy listens for, and put where the PBX looks."""
    folder = settings.announcements.catalogue
    subject = Subject("announcements", str(folder))
    yield from subject.attempt(lambda: _built(subject, Catalogue.load(folder), settings))
    sounds = settings.announcements.pbx_sounds
    installed = Subject("announcements at the PBX", str(sounds))
    yield from installed.attempt(lambda: _installed(installed, Catalogue.load(folder), sounds))


def _built(subject: Subject, catalogue: Catalogue, settings: Settings) -> Iterator[Check]:
    written = settings.policy or BUILT_IN
    asked = [(name, policy) for name, policy in written.items() if policy.mode != "never"]
    wrong = [fault for name, policy in asked for fault in _unlike(name, policy, catalogue, settings.announcements.language)]
    if wrong:
        yield from wrong
    else:
        yield subject.ok(f"{len(catalogue.current)} in use, and those of {len(asked)} policies among them")


def _unlike(name: str, policy: PolicySettings, catalogue: Catalogue, language: str) -> Iterator[Check]:
    """What the policy's announcement says must be what the policy does: a key that is told and not listened for is a lie."""
    subject = Subject("announcements", f"policy.{name}")
    spoken = policy.language or language
    for wanted in filter(None, (policy.announcement, "thank-you", "refused", policy.listed_announcement)):
        edition = _edition(catalogue, wanted, spoken)
        if edition is None:
            yield subject.failed(f"no announcement {wanted!r} in language {spoken!r}", "run: callguard announcements build")
            continue
        for meaning, told, heard in (
            ("accept", edition.accept_key, policy.accept_key),
            ("refuse", edition.refuse_key, policy.refuse_key),
        ):
            if told not in (None, heard):
                yield subject.failed(
                    f"{wanted!r} tells the key {told} to {meaning}, the policy listens for {heard}",
                    f'write {meaning}_key = "{told}", or build the announcement with the policy\'s key',
                )


def _edition(catalogue: Catalogue, name: str, language: str) -> Edition | None:
    return next((one for one in catalogue.current if (one.name, one.language) == (name, language)), None)


def _installed(subject: Subject, catalogue: Catalogue, sounds: Path) -> Iterator[Check]:
    found = inspect(catalogue, sounds)
    unlike = [f"{len(files)} {word}" for word, files in (("missing", found.missing), ("damaged", found.damaged)) if files]
    if unlike:
        wanted = len(found.present) + len(found.missing) + len(found.damaged)
        yield subject.failed(f"{' and '.join(unlike)} of {wanted} files", "run: callguard announcements install")
    else:
        yield subject.ok(f"all {len(found.present)} files are there, byte for byte")
