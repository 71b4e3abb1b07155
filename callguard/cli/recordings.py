"""`callguard recordings`: the files there are and were, in the order in which they expire."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.call.state import RecordingStatus
from callguard.cli.output import Cell, Json, Listing
from callguard.cli.session import database, settings
from callguard.cli.writing import Within
from callguard.clock import utc_now

if TYPE_CHECKING:
    from callguard.store.listing import ListedRecording

Status: TypeAlias = Annotated[RecordingStatus | None, typer.Option(help="Only those with this status.")]

COLUMNS = ("expires", "status", "kept by", "started", "bytes", "path", "recording")


def recordings(context: typer.Context, expiring: Within = None, status: Status = None, *, as_json: Json = False) -> None:
    """The recordings in the order in which they expire, overdue ones first."""
    from callguard.store.listing import list_recordings

    chosen = settings(context)
    by = None if expiring is None else utc_now() + expiring
    with database(chosen) as opened, opened.read() as connection:
        found = list(list_recordings(connection, expiring_by=by, status=status))
    Listing([asdict(one) for one in found], COLUMNS, map(_row, found), none="no recordings").put(as_json=as_json)


def _row(one: "ListedRecording") -> tuple[Cell, ...]:
    kept_by = [word for word, kept in (("hold", one.held), ("restriction", one.restricted)) if kept]
    status = f"{one.status}, {one.fault}" if one.fault and one.fault != one.status else one.status
    return one.expires_at, status, ", ".join(kept_by), one.started_at, one.size, one.path, one.id
