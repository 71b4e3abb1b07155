"""`callguard hold`: what must not be deleted, whatever its term says."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.meant import number_asked
from callguard.cli.output import Cell, Json, Listing, print_fields, print_json
from callguard.cli.session import database, settings
from callguard.cli.writing import Since, Until, count

if TYPE_CHECKING:
    from callguard.store.hold_rows import ListedHold

hold = typer.Typer(name="hold", help="Legal holds: what must not be deleted, whatever its term says.", no_args_is_help=True)

By: TypeAlias = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it.")]
Reason: TypeAlias = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]
Reference: TypeAlias = Annotated[str, typer.Option("--reference", metavar="TEXT", help="The file, case or letter it is on.")]
OfRecording: TypeAlias = Annotated[str | None, typer.Option("--recording", metavar="ID", help="This recording.")]
OfCall: TypeAlias = Annotated[str | None, typer.Option("--call", metavar="CALL", help="This call: its id or the beginning of it.")]
OfNumber: TypeAlias = Annotated[
    str | None, typer.Option("--number", metavar="NUMBER", help="All calls and messages of this number, later ones as well.")
]
OfQueue: TypeAlias = Annotated[str | None, typer.Option("--queue", metavar="QUEUE", help="All calls to this queue.")]
Numbered: TypeAlias = Annotated[int, typer.Argument(parser=count, metavar="HOLD", help="The number of the hold.")]

COLUMNS = ("hold", "catches", "reference", "reason", "placed by", "placed", "released by", "released")


@hold.command()
def place(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    by: By,
    reason: Reason,
    reference: Reference,
    recording: OfRecording = None,
    call: OfCall = None,
    number: OfNumber = None,
    since: Since = None,
    until: Until = None,
    queue: OfQueue = None,
    *,
    as_json: Json = False,
) -> None:
    """Place a hold on what meets all that is asked, calls to come included."""
    from callguard.cli.show import the_call
    from callguard.retention.holding import place_hold
    from callguard.retention.holds import Scope
    from callguard.store.hold_rows import ListedHold

    chosen = settings(context)
    with database(chosen) as opened:
        with opened.read() as connection:
            meant = None if call is None else the_call(connection, call)
        wanted = number_asked(chosen, number)
        scope = Scope(recording=recording, call=meant, number=wanted, since=since, until=until, queue=queue)
        placed = place_hold(opened, scope, by=signature(chosen, by), reason=reason, reference=reference)
    _show(ListedHold(hold=placed, released_by=None, released_at=None, release_reason=None), as_json=as_json)


@hold.command()
def release(context: typer.Context, number: Numbered, by: By, reason: Reason, *, as_json: Json = False) -> None:
    """Release a hold; by another person than the one who placed it."""
    from callguard.retention.holding import release as release_hold

    chosen = settings(context)
    with database(chosen) as opened:
        _show(release_hold(opened, number, by=signature(chosen, by), reason=reason), as_json=as_json)


@hold.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """All holds, the latest first: those in force and those released."""
    from callguard.store.hold_rows import list_holds

    with database(settings(context)) as opened, opened.read() as connection:
        found = list_holds(connection)
    Listing([_document(one) for one in found], COLUMNS, map(_row, found), none="no holds").put(as_json=as_json)


def _show(one: "ListedHold", *, as_json: bool) -> None:
    if as_json:
        print_json(_document(one))
    else:
        print_fields(zip(COLUMNS, _row(one), strict=True))


def _row(one: "ListedHold") -> tuple[Cell, ...]:
    held = one.hold
    return (held.id, held.scope.words, held.reference, held.reason, held.placed_by, held.placed_at, one.released_by, one.released_at)


def _document(one: "ListedHold") -> dict[str, object]:
    scope = one.hold.scope
    return {
        "id": one.hold.id,
        "recording": scope.recording,
        "call": scope.call,
        "number": scope.number and (scope.number.e164 or scope.number.raw),
        "since": scope.since,
        "until": scope.until,
        "queue": scope.queue,
        "reason": one.hold.reason,
        "reference": one.hold.reference,
        "placed_by": one.hold.placed_by,
        "placed_at": one.hold.placed_at,
        "released_by": one.released_by,
        "released_at": one.released_at,
        "release_reason": one.release_reason,
    }
