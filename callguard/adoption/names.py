r"""What the name of a recording says that a PBX made before callguard came, or beside it.

==========  ===========================================================================================================================
FreePBX     ``monitor/YYYY/MM/DD/TYPE-CALLED-CALLER-YYYYMMDD-HHMMSS-UNIQUEID.wav``; the digits are the PBX's local time when the call was
            first looked at, and are handed on to later legs. ``in`` (an inbound route; CALLED is the number dialled), ``q`` (a queue),
            ``rg`` (a ring group) and ``external`` (an extension that was called from outside) are inbound, ``out`` is outbound;
            ``internal``, ``exten``, ``force``, ``parked`` and whatever the dialplan's author made up say nothing of it. CALLER is
            ``unknown`` where it was withheld. A conference has its room in place of the type, and is read as a plain name.
FusionPBX   ``recordings/DOMAIN/archive/YYYY/Mon/DD/UUID.wav`` or ``.mp3``: the local day, and the call's uuid. Times, numbers and direction
            are in its CDR alone.
plain       MixMonitor and ``record_session`` write what the dialplan says. Usual are ``${UNIQUEID}``, ``${uuid}`` and a time as
            ``${STRFTIME}`` writes it, ``20240131-143015`` or ``2024-01-31-14-30-15``, somewhere between other words.
==========  ===========================================================================================================================

(FreePBX: module callrecording, ``sub-record-check``; FusionPBX: dialplans ``user_record`` and ``call_direction``, ``record_path`` and
``record_name``; read in 2026-11.)

An Asterisk ``UNIQUEID`` begins with the second in which the channel was made, since 1970 and in UTC, behind the system's name where it
has one: it is the one time in a name that needs no time zone.

Two of these words were chosen by the caller or by whom they called, so nothing of theirs may be taken for the PBX's: a FreePBX name is
read from its end, and a plain name in which more than one time or id can be read is not believed.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePath

from callguard.call.state import Direction

_FREEPBX = re.compile(
    r"(?P<type>[a-z]+)-(?P<called>[^-]*)-(?P<caller>.*)-(?P<day>[0-9]{8})-(?P<time>[0-9]{6})-(?:.+-)?(?P<unique>1[0-9]{9}\.[0-9]{1,9})",
    re.DOTALL,
)
_DIRECTIONS = {
    **dict.fromkeys(("in", "q", "rg", "external"), Direction.INBOUND),
    "out": Direction.OUTBOUND,
}
_UNIQUE = re.compile(r"(?<![0-9.])1[0-9]{9}\.[0-9]{1,9}(?![0-9.])")
_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")
_LOCAL = re.compile(r"(?<![0-9])(20[0-9]{2})([-.]?)([0-9]{2})\2([0-9]{2})[-_T ]?([0-9]{2})([-:.]?)([0-9]{2})\6([0-9]{2})(?![0-9])")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY_FOLDER = re.compile(rf"/archive/(?P<year>20[0-9]{{2}})/(?P<month>{'|'.join(_MONTHS)})/(?P<day>[0-9]{{2}})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a name says; ``None`` and empty for what it does not.

    ``unique`` is the id of Asterisk without the system's name, or the uuid of FreeSWITCH. ``made`` is the moment in the former. ``local``
    is the time by the PBX's clock on the wall, naive, and ``day`` the day where there is no time. ``called`` and ``caller`` are as written.
    """

    unique: str | None = None
    made: datetime | None = None
    local: datetime | None = None
    day: date | None = None
    direction: Direction | None = None
    caller: str = ""
    called: str = ""
    queue: str | None = None


class UnfitError(ValueError):
    """A file cannot be adopted as it is; the message says why, for a person to look into."""


def read_name(path: PurePath) -> Named:
    """What the name of the file at that absolute path says. Raises :class:`UnfitError` where it says more than one thing."""
    found = _FREEPBX.fullmatch(path.stem)
    named = None if found is None else _freepbx(found)
    return named or _plain(path)


def made_at(unique: str) -> datetime | None:
    """When the channel of that id was made; FreeSWITCH's do not tell."""
    return datetime.fromtimestamp(int(unique.partition(".")[0]), UTC) if _UNIQUE.fullmatch(unique) else None


def plain_id(written: str) -> str | None:
    """The id in a CDR without the system's name before it; ``None`` for what is no id of either switch."""
    name, _, last = written.rpartition("-")
    unique = last if name and _UNIQUE.fullmatch(last) else written.lower()
    return unique if _UNIQUE.fullmatch(unique) or _UUID.fullmatch(unique) else None


def _freepbx(found: re.Match[str]) -> Named | None:
    local = _moment(f"{found['day']}{found['time']}")
    if local is None:
        return None
    return Named(
        unique=found["unique"],
        made=made_at(found["unique"]),
        local=local,
        direction=_DIRECTIONS.get(found["type"]),
        caller=found["caller"],
        called=found["called"],
        queue=found["called"] if found["type"] == "q" else None,
    )


def _plain(path: PurePath) -> Named:
    ids = {*_UNIQUE.findall(path.stem), *_UUID.findall(path.stem.lower())}
    times = {_moment("".join(parts[place] for place in (0, 2, 3, 4, 6, 7))) for parts in _LOCAL.findall(path.stem)} - {None}
    if len(ids) > 1 or len(times) > 1:
        raise UnfitError("more than one time or id can be read in its name")
    unique = next(iter(ids), None)
    return Named(unique=unique, made=made_at(unique) if unique else None, local=next(iter(times), None), day=_day(path.parent))


def _moment(digits: str) -> datetime | None:
    """Naive: the zone is not in the name."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 - whoever knows the zone adds it
    except ValueError:
        return None


def _day(folder: PurePath) -> date | None:
    found = _DAY_FOLDER.search(str(folder))
    try:
        return date(int(found["year"]), _MONTHS.index(found["month"]) + 1, int(found["day"])) if found else None
    except ValueError:
        return None
