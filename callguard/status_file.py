"""How the daemon is, in a small file that it rewrites every two seconds: for `callguard status`, and for whatever else watches it.

The file lies in the first of these folders that the daemon can write to: $RUNTIME_DIRECTORY (set by systemd), /run/callguard, the folder of
an SQLite database. Its name holds a hash of the database's address without role and password, so that several daemons on one machine keep
apart and nobody takes the state of one for that of another.

It is replaced in one step, so a reader finds a whole file; it is not made durable, as the state of a machine that lost its power is none.
It holds no number and no name, and can be read by everybody who can enter the folder. Being watched must not be able to stop the daemon: a
file that cannot be written is told by `False`.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from callguard.config import Settings
from callguard.retention.rules import stamp

RUNTIME = Path("/run/callguard")
STALE = timedelta(seconds=10)
"""Five missed turns: whoever wrote this is gone, or hangs."""

_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """The connection to one PBX, since when it is as it is, and why it is down."""

    pbx: str
    up: bool
    since: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The daemon at one moment. ``queue`` counts facts that wait, ``lag_ms`` is from event to order, ``disk_free`` is bytes.

    ``alarms`` are what a person has to see to.
    """

    pid: int
    version: str
    started_at: datetime
    written_at: datetime
    links: tuple[LinkStatus, ...]
    calls_now: int
    recordings_now: int
    queue: int
    lag_ms: float
    disk_free: int | None
    last_sweep: datetime | None
    next_sweep: datetime | None
    alarms: tuple[str, ...]

    def fault(self, now: datetime) -> str | None:
        """Why this is not the state of a daemon that runs at the moment ``now``; ``None`` when it is."""
        if not _exists(self.pid):
            return f"its last run, {self.pid}, is over"
        silent = now - self.written_at
        if silent < -STALE:
            return "its last word is from the future: the clock was set back"
        return None if silent <= STALE else f"nothing was heard of it for {silent // timedelta(seconds=1)} s"


def path(settings: Settings) -> Path:
    """Where the daemon writes; the last resort even when that cannot be written to."""
    candidates = list(_candidates(settings))
    return next((one for one in candidates if os.access(one.parent, os.W_OK | os.X_OK)), candidates[-1])


def write(place: Path, status: Status) -> bool:
    """Replace the file; whether that worked."""
    draft = place.with_name(f".{place.name}.{status.pid}")
    try:
        draft.write_text(json.dumps(asdict(status), default=_plain), encoding="utf-8")
        draft.chmod(0o644)
        draft.replace(place)
    except OSError:
        return False
    return True


def read(place: Path) -> Status | None:
    """What the file says; ``None`` when there is none that can be understood."""
    try:
        with place.open("rb") as file:
            return TypeAdapter(Status).validate_json(file.read(_LONGEST))
    except (OSError, ValueError):
        return None


def latest(settings: Settings) -> Status | None:
    """The newest status of the daemon that these settings mean, wherever it could write it."""
    found = [status for one in _candidates(settings) if (status := read(one)) is not None]
    return max(found, key=lambda status: status.written_at, default=None)


def _candidates(settings: Settings) -> Iterator[Path]:
    address = urlsplit(settings.store.url)
    told = f"{address.scheme}:{address.hostname}:{address.port}:{address.path}"
    name = f"status-{sha256(told.encode()).hexdigest()[:12]}.json"
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if runtime.startswith("/"):
        yield Path(runtime, name)
    yield RUNTIME / name
    if address.scheme == "sqlite":
        yield Path(address.path.removeprefix("/")).parent / name


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(f"{type(value).__name__} has no form in a status file")


def _exists(pid: int) -> bool:
    """Whether the operating system knows such a process; one that is another user's is told by a refusal."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
