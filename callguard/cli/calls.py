"""`callguard calls`: the latest calls, who spoke, what they decided, and what was recorded."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.output import Cell, Json, Listing
from callguard.cli.session import database, settings
from callguard.cli.writing import Since, count

if TYPE_CHECKING:
    from callguard.store.listing import ListedCall

Number: TypeAlias = Annotated[str | None, typer.Option(metavar="NUMBER", help="Only with this number on any side, however it is written.")]
Limit: TypeAlias = Annotated[int, typer.Option(parser=count, metavar="N", help="At most so many, the latest.")]

COLUMNS = ("started", "direction", "caller", "callee", "seconds", "disposition", "decision", "recording", "call")


def calls(context: typer.Context, since: Since = None, number: Number = None, limit: Limit = 100, *, as_json: Json = False) -> None:
    """The latest calls, latest first."""
    from callguard import numbers
    from callguard.store.listing import list_calls

    chosen = settings(context)
    wanted = None if number is None else numbers.parse(number, chosen.numbers.default_region)
    with database(chosen) as opened, opened.read() as connection:
        found = list_calls(connection, since=since, number=wanted, limit=limit)
    Listing([asdict(call) for call in found], COLUMNS, map(call_row, found), none="no calls").put(as_json=as_json)


def call_row(call: "ListedCall") -> tuple[Cell, ...]:
    """A call below :data:`COLUMNS`."""
    return (
        call.started_at,
        call.direction,
        call.caller,
        call.callee or call.dialled,
        call.billable_s,
        call.disposition or (None if call.ended_at else "in progress"),
        ", ".join(_decisions(call)),
        ", ".join(recording.status for recording in call.recordings),
        call.id,
    )


def _decisions(call: "ListedCall") -> Iterator[str]:
    """Of those who were asked; the operator's own people are not."""
    return (party.decision for party in call.parties if party.decision not in (None, "not_required"))
