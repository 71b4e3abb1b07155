"""Incidents, each with what came after it: put together from rows of which none is ever changed (S14, C13)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callguard.rights.incident_terms import CLOCKS, Recipient, tell_by
from callguard.store.affected_rows import Affected
from callguard.store.register_tables import incident_steps, incidents

CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStep:
    """A notification, by the name of its recipient, or ``closed``. ``at`` is when it was done, ``text`` what was sent."""

    step: str
    text: str | None
    reason: str | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident as it was entered, with its steps in their order. ``happened_until`` is ``None`` where it was one moment, or goes on."""

    id: int
    nature: str
    happened_from: datetime
    happened_until: datetime | None
    discovered_at: datetime
    scope: str
    affected: Affected
    opened_by: str
    opened_at: datetime
    steps: tuple[IncidentStep, ...] = ()

    @property
    def end(self) -> IncidentStep | None:
        """By whom, when and why it was closed; ``None`` while it is open."""
        return next((one for one in self.steps if one.step == CLOSED), None)

    def told(self, recipient: Recipient) -> IncidentStep | None:
        """The first notification of that recipient."""
        return next((one for one in self.steps if one.step == recipient), None)

    @property
    def clocks(self) -> Sequence[tuple[Recipient, datetime]]:
        """The clocks that run: who has not been told yet, and by when they must be."""
        if self.end is not None:
            return ()
        return [(one, due) for one in CLOCKS if self.told(one) is None and (due := tell_by(one, self.discovered_at)) is not None]


def lock_incident(connection: sa.Connection, identifier: int) -> None:
    """Nobody else goes on with it before this transaction ends."""
    connection.execute(sa.select(incidents.c.id).where(incidents.c.id == identifier).with_for_update()).all()


def find_incident(connection: sa.Connection, identifier: int) -> Incident | None:
    """The incident of that number."""
    return next(iter(_whole(connection, sa.select(incidents).where(incidents.c.id == identifier))), None)


def list_incidents(connection: sa.Connection) -> Sequence[Incident]:
    """All incidents, the latest first."""
    return _whole(connection, sa.select(incidents).order_by(incidents.c.discovered_at.desc(), incidents.c.id.desc()))


def _whole(connection: sa.Connection, wanted: sa.Select[Any]) -> Sequence[Incident]:
    rows = connection.execute(wanted).mappings().all()
    steps = defaultdict[int, list[IncidentStep]](list)
    for row in connection.execute(sa.select(incident_steps).order_by(incident_steps.c.id)).mappings():
        steps[row["incident_id"]].append(IncidentStep(**{name: row[name] for name in IncidentStep.__slots__}))
    return [_incident(row, tuple(steps[row["id"]])) for row in rows]


def _incident(row: sa.RowMapping, steps: tuple[IncidentStep, ...]) -> Incident:
    affected = Affected(**{name: row[name] for name in Affected.__slots__})
    told = {name: row[name] for name in Incident.__slots__ if name in row}
    return Incident(affected=affected, steps=steps, **told)
