"""The CDR of the PBX that made the recordings: read whole or refused whole, and asked by the id of a call or the name of a recording.

Known are, by their first line, the export of FreePBX (``calldate,clid,src,…,uniqueid,…,recordingfile,linkedid,…``) and that of FusionPBX
(``"xml_cdr_uuid"``, ``"start_epoch"`` or ``"start_stamp"``, ``"caller_id_number"``, ``"record_name"`` and others); and Asterisk's own
``Master.csv``, which has no such line: 17 columns or more, of which the 17th is the unique id (``loguniqueid = yes`` in ``cdr.conf``;
without it nothing says which line is of which recording).

A PBX writes several lines for a call: a leg each, or one for each try. They are put together by the id: the first start, the last end, the
people of the first line. A start that the id tells is taken from there, since the column is local time, or UTC by ``usegmtime``; ends are
counted from it by the duration.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from pathlib import Path

from callguard.adoption.beginning import moments
from callguard.adoption.names import made_at, plain_id
from callguard.call.state import Direction
from callguard.errors import Fault, UsageError
from callguard.retention.csv_lists import content_of, refuse, rows_of

_MASTER = {"src": 1, "dst": 2, "start": 9, "duration": 12, "billsec": 13, "uniqueid": 16}
_NAMES: Mapping[str, Sequence[str]] = {
    "id": ("uniqueid", "xml_cdr_uuid"),
    "epoch": ("start_epoch",),
    "start": ("calldate", "start", "start_stamp"),
    "caller": ("src", "caller_id_number"),
    "called": ("did", "caller_destination", "dst", "destination_number"),
    "duration": ("duration",),
    "billed": ("billsec",),
    "direction": ("direction",),
    "file": ("recordingfile", "record_name"),
}
"""What is wanted, and under which names it is found: the first that is not empty."""

_LINE = "export it again, whole; a Master.csv needs loguniqueid = yes in cdr.conf, from before the first of these calls"
_SECONDS = re.compile(r"[0-9]{1,7}")
_EPOCH = re.compile(r"[12][0-9]{9}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([+-][0-9]{2}(:?[0-9]{2})?)?")
"""With the difference to UTC where PostgreSQL has written it."""

_DIRECTIONS = {one.value: one for one in Direction}

Row = Callable[[str], str]
"""What a line has of what is wanted; empty where it has nothing."""


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call as the CDR tells it; numbers as written, ``answered_at`` ``None`` for one that was not."""

    id: str
    started_at: datetime
    ended_at: datetime
    answered_at: datetime | None
    caller: str
    called: str
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class CallList:
    """The CDR, and what `sha256sum` says of its file."""

    by_id: Mapping[str, ListedCall]
    by_file: Mapping[str, str]
    sha256: str | None

    def find(self, unique: str | None, file: str) -> ListedCall | None:
        """The call of a recording: by the id in its name, else by its name."""
        return self.by_id.get(unique or "") or self.by_id.get(self.by_file.get(file, ""))


NO_LIST = CallList({}, {}, None)


def read_call_list(file: Path, zone: tzinfo) -> CallList:
    """Read the CDR, with local times of that zone. Raises :class:`UsageError` with a fault for each faulty line."""
    content = content_of(file)
    lines = list(rows_of(file, content, _LINE))
    head = lines[0][1] if lines else []
    columns = _columns(head)
    if columns is None:
        raise UsageError("has no columns by which a recording can be found", place=f"{file}:1", remedy=_LINE)
    by_id: dict[str, ListedCall] = {}
    by_file: dict[str, str] = {}
    faults: list[Fault] = []
    for line, row in lines if columns is _MASTER_COLUMNS else lines[1:]:
        try:
            call, recorded = _call(row, columns, len(head), zone)
        except (ValueError, OverflowError) as wrong:
            faults.append(Fault(str(wrong), f"{file}:{line}", _LINE))
        else:
            by_id[call.id] = _joined(by_id.get(call.id), call)
            by_file |= {recorded: call.id} if recorded else {}
    refuse(file, faults)
    return CallList(by_id, by_file, sha256(content).hexdigest())


Columns = Mapping[str, Sequence[int]]

_MASTER_COLUMNS: Columns = {wanted: [_MASTER[name] for name in names if name in _MASTER] for wanted, names in _NAMES.items()}


def _columns(head: Sequence[str]) -> Columns | None:
    """Where in a line everything is."""
    if len(head) > _MASTER["uniqueid"] and plain_id(head[_MASTER["uniqueid"]]):
        return _MASTER_COLUMNS
    found = {wanted: [head.index(name) for name in names if name in head] for wanted, names in _NAMES.items()}
    return found if found["id"] and (found["start"] or found["epoch"]) else None


def _call(row: Sequence[str], columns: Columns, width: int, zone: tzinfo) -> tuple[ListedCall, str]:
    """The call, and the name of its recording. Raises ``ValueError``, and ``OverflowError`` for a time behind the calendar's end."""
    if len(row) != width and not (columns is _MASTER_COLUMNS and len(row) > _MASTER["uniqueid"]):
        raise ValueError(f"has {len(row)} columns and not {width}")

    def told(wanted: str) -> str:
        return next((row[place].strip() for place in columns[wanted] if row[place].strip()), "")

    unique = plain_id(told("id"))
    if unique is None:
        raise ValueError("has no unique id of a call")
    start = made_at(unique) or _start(told, zone)
    end = start + _span(told("duration"))
    billed = _span(told("billed"))
    call = ListedCall(
        id=unique,
        started_at=start,
        ended_at=end,
        answered_at=end - billed if billed else None,
        caller=told("caller"),
        called=told("called"),
        direction=_DIRECTIONS.get(told("direction")),
    )
    return call, Path(told("file")).name


def _start(told: Row, zone: tzinfo) -> datetime:
    if _EPOCH.fullmatch(told("epoch")):
        return datetime.fromtimestamp(int(told("epoch")), UTC)
    written = told("start")
    try:
        found = _meant(datetime.fromisoformat(written), zone) if _TIME.fullmatch(written) else ()
    except ValueError:
        found = ()
    if not found:
        raise ValueError(f"has no start: write it as in 2024-01-31 14:30:15, by the clocks of {zone}")
    return max(found)


def _meant(start: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    return (start.astimezone(UTC),) if start.tzinfo else moments(start, zone)


def _span(written: str) -> timedelta:
    if written and not _SECONDS.fullmatch(written):
        raise ValueError("has a duration that is no number of seconds")
    return timedelta(seconds=int(written or 0))


def _joined(earlier: ListedCall | None, later: ListedCall) -> ListedCall:
    if earlier is None:
        return later
    first, second = sorted((earlier, later), key=lambda one: one.started_at)
    answers = [one.answered_at for one in (first, second) if one.answered_at]
    return replace(first, ended_at=max(first.ended_at, second.ended_at), answered_at=min(answers, default=None))
