"""The register of incidents: what happened, whom it concerns, who was told and when (S14, C13; GDPR art. 33 and 34).

An incident is opened with the count of what it concerns, taken from the data at that moment and kept with the row: later deletions do not
change what was told. From its discovery on two clocks run (:mod:`callguard.rights.incident_terms`), which only a notification or the
closing with a reason stops. What was sent is kept word for word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from callguard.clock import utc_now
from callguard.errors import CallguardError, UsageError
from callguard.lines import line
from callguard.retention.naming import sealed
from callguard.rights.incident_terms import Recipient, tell_by
from callguard.store.affected_rows import Concerned, count_affected
from callguard.store.database import Database
from callguard.store.incident_rows import CLOSED, Incident, find_incident, lock_incident
from callguard.store.register_rows import enter
from callguard.store.register_tables import incident_steps, incidents
from callguard.store.tables import calls, recordings

MOST_NAMED = 1_000
"""Numbers, calls or recordings that one incident may name, as a statement of the database takes them; more are a stretch of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What happened, in one line, from when to when (``None``: one moment, or it goes on), and when it was discovered."""

    nature: str
    since: datetime
    until: datetime | None
    discovered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who was told what and when; ``delay`` is why it was not done in time."""

    recipient: Recipient
    text: str
    at: datetime
    delay: str | None


def open_incident(database: Database, happened: Happened, concerned: Concerned, *, by: str) -> Incident:
    """Enter it, with the count of what it concerns.

    Raises :class:`UsageError` for times that cannot be, for what there is not, and for an incident that concerns nothing in particular.

    """
    now = utc_now()
    _require_times(happened, now)
    _require_scope(concerned)
    with database.write() as connection:
        _require_known(connection, concerned)
        affected = count_affected(connection, concerned, happened.since)
        row = {
            "nature": line(happened.nature, "--nature"),
            "happened_from": happened.since,
            "happened_until": happened.until,
            "discovered_at": happened.discovered_at,
            "scope": words(concerned),
            "opened_by": line(by, "--by"),
            "opened_at": now,
            **asdict(affected),
        }
        return the_incident(connection, enter(connection, incidents, row))


def note_notification(database: Database, identifier: int, told: Told, *, by: str) -> Incident:
    """Write down that somebody was told; the incident as it is then.

    Raises :class:`UsageError` for a time that cannot be, and for one behind the clock without the reason for the delay,
    :class:`CallguardError` for a closed incident.

    """
    now, who = utc_now(), line(by, "--by")
    with database.write() as connection:
        found = _open(connection, identifier)
        if not found.discovered_at <= told.at <= now:
            raise UsageError("is before the discovery, or in the future", place="--sent-at", remedy="write when it was sent")
        reason = None if told.delay is None else line(told.delay, "--delay-reason")
        _require_reason(found, told, reason)
        step = {"step": told.recipient.value, "text": told.text, "reason": reason, "by": who, "at": told.at}
        return _go_on(connection, identifier, step)


def close_incident(database: Database, identifier: int, *, by: str, reason: str) -> Incident:
    """Close it; its clocks stand still, and the reason says why who was not told need not be. Raises :class:`CallguardError`."""
    step = {"step": CLOSED, "reason": line(reason, "--reason"), "by": line(by, "--by"), "at": utc_now()}
    with database.write() as connection:
        _open(connection, identifier)
        return _go_on(connection, identifier, step)


def the_incident(connection: sa.Connection, identifier: int) -> Incident:
    """The incident of that number. Raises :class:`UsageError` when there is none."""
    found = find_incident(connection, identifier)
    if found is None:
        raise UsageError("there is no such incident", place=f"incident {identifier}", remedy="callguard incident list tells them")
    return found


def recordings_at(connection: sa.Connection, root: Path, paths: Sequence[str]) -> Sequence[str]:
    """The recordings of these files, by their whole paths or those below the root, sealed or not.

    Raises :class:`UsageError` for an unknown one.
    """
    found: list[str] = []
    for path in paths:
        plain = path.removeprefix(f"{root}/").removesuffix(sealed(""))
        identifier = connection.scalar(sa.select(recordings.c.id).where(recordings.c.path == plain))
        if identifier is None:
            raise UsageError("is the file of no recording", place=path, remedy="callguard recordings tells where each lies")
        found.append(identifier)
    return found


def words(concerned: Concerned) -> str:
    """What it concerns, as people are told who may see the register."""
    told = {
        "since": concerned.since and f"{concerned.since:%Y-%m-%dT%H:%M:%SZ}",
        "until": concerned.until and f"{concerned.until:%Y-%m-%dT%H:%M:%SZ}",
        "queue": concerned.queue,
        "numbers": " ".join(one.e164 or one.raw for one in concerned.numbers),
        "calls": " ".join(concerned.calls),
        "recordings": " ".join(concerned.recordings),
    }
    return ", ".join(f"{name} {value}" for name, value in told.items() if value)


def _require_times(happened: Happened, now: datetime) -> None:
    if happened.discovered_at > now or happened.since > happened.discovered_at:
        raise UsageError(
            "must be after the incident began, and not in the future", place="--discovered", remedy="write when it was noticed"
        )
    if happened.until is not None and happened.until < happened.since:
        raise UsageError("is before --happened-from", place="--happened-until", remedy="write the later time here")


def _require_scope(concerned: Concerned) -> None:
    if concerned == Concerned():
        remedy = "write one or more of --since, --until, --queue, --number, --call, --recording and --file"
        raise UsageError("an incident that concerns nothing in particular concerns nobody", remedy=remedy)
    if concerned.since and concerned.until and concerned.since >= concerned.until:
        raise UsageError("--until is not after --since", remedy="write the earlier time after --since")
    if max(map(len, (concerned.numbers, concerned.calls, concerned.recordings))) > MOST_NAMED:
        raise UsageError(f"more than {MOST_NAMED} are named", remedy="name the stretch of time with --since and --until")


def _require_known(connection: sa.Connection, concerned: Concerned) -> None:
    for table, wanted in ((calls, concerned.calls), (recordings, concerned.recordings)):
        known = set(connection.scalars(sa.select(table.c.id).where(table.c.id.in_(wanted))))
        unknown = [one for one in wanted if one not in known]
        if unknown:
            raise UsageError(
                f"there is no such {table.name.removesuffix('s')}", place=unknown[0], remedy=f"callguard {table.name} lists them"
            )


def _require_reason(found: Incident, told: Told, reason: str | None) -> None:
    due = tell_by(told.recipient, found.discovered_at)
    if due is not None and told.at > due and reason is None:
        message = f"had to be told by {due:%Y-%m-%d %H:%M}Z"
        raise UsageError(message, place=f"the {told.recipient}", remedy="write why it is late with --delay-reason (GDPR art. 33 (1))")


def _open(connection: sa.Connection, identifier: int) -> Incident:
    lock_incident(connection, identifier)
    found = the_incident(connection, identifier)
    if found.end is not None:
        raise CallguardError(f"was closed on {found.end.at:%Y-%m-%d}", place=f"incident {identifier}")
    return found


def _go_on(connection: sa.Connection, identifier: int, step: Mapping[str, object]) -> Incident:
    enter(connection, incident_steps, {"incident_id": identifier, "entered_at": utc_now(), **step})
    return the_incident(connection, identifier)
