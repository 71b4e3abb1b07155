"""`callguard request`: what people ask for, by when it must be answered, and what became of it (S15t)."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.hold import By, Reference
from callguard.cli.meant import number_asked, person_meant
from callguard.cli.output import Cell, Json, Listing, print_fields, print_json
from callguard.cli.session import database, settings
from callguard.cli.writing import count, day
from callguard.rights.terms import Outcome, Right
from callguard.rights.wishes import Way

if TYPE_CHECKING:
    from callguard.config import Settings
    from callguard.store.request_rows import Request

request = typer.Typer(name="request", help="Requests of people, and the days on which they are due.", no_args_is_help=True)

Kind: TypeAlias = Annotated[Right, typer.Argument(metavar="KIND", help=f"What is asked for: {', '.join(Right)}.")]
Whose: TypeAlias = Annotated[str, typer.Argument(metavar="NUMBER", help="The person's number, however it is written.")]
Numbered: TypeAlias = Annotated[int, typer.Argument(parser=count, metavar="REQUEST", help="The number of the request.")]
ByWay: TypeAlias = Annotated[Way, typer.Option("--way", help="By which way it came.")]
Received: TypeAlias = Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="The day on which it came; left out, today.")]
OfNumber: TypeAlias = Annotated[str | None, typer.Option("--number", metavar="NUMBER", help="Only of this number.")]
Late: TypeAlias = Annotated[bool, typer.Option("--late", help="Only those that are open and were due before today.")]
StillOpen: TypeAlias = Annotated[bool, typer.Option("--open", help="Only those that are open.")]
Ended: TypeAlias = Annotated[Outcome, typer.Option("--outcome", help="How it ended.")]
Told: TypeAlias = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, as the person is told.")]
Language: TypeAlias = Annotated[str | None, typer.Option(metavar="ro|en", help="In which language; left out, that of [announcements].")]

COLUMNS = ("request", "kind", "number", "received", "due", "days left", "state", "reference", "opened by")


@request.command("open")
def open_(  # noqa: PLR0913, PLR0917 - each is an argument of its own
    context: typer.Context,
    kind: Kind,
    number: Whose,
    by: By,
    way: ByWay,
    reference: Reference,
    received: Received = None,
    *,
    as_json: Json = False,
) -> None:
    """Enter a request; it tells by when it must be answered."""
    from callguard.rights.requests import Asked, open_request

    chosen = settings(context)
    person = person_meant(chosen, number)
    asked = Asked(right=kind, way=way, received_on=received or _today(chosen), reference=reference)
    with database(chosen) as opened:
        _show(chosen, open_request(opened, person, asked, by=signature(chosen, by)), as_json=as_json)


@request.command("list")
def list_(
    context: typer.Context, number: OfNumber = None, *, late: Late = False, still_open: StillOpen = False, as_json: Json = False
) -> None:
    """All requests, the oldest first."""
    from callguard.store.request_rows import list_requests

    chosen = settings(context)
    meant = number_asked(chosen, number)
    with database(chosen) as opened, opened.read() as connection:
        found = list_requests(connection, meant, open_only=still_open or late)
    today = _today(chosen)
    told = [one for one in found if not late or one.due_on < today]
    Listing([_document(one, today) for one in told], COLUMNS, [_row(one, today) for one in told], none="no requests").put(as_json=as_json)


@request.command()
def extend(context: typer.Context, number: Numbered, by: By, reason: Told, *, as_json: Json = False) -> None:
    """Give a complex request 60 more days, once; the person must be told, by `callguard request letter`."""
    from callguard.rights.requests import extend_request

    chosen = settings(context)
    with database(chosen) as opened:
        _show(chosen, extend_request(opened, number, by=signature(chosen, by), reason=reason, today=_today(chosen)), as_json=as_json)


@request.command()
def close(context: typer.Context, number: Numbered, outcome: Ended, by: By, reason: Told, *, as_json: Json = False) -> None:
    """End a request; `callguard request letter` writes the answer."""
    from callguard.rights.requests import close_request

    chosen = settings(context)
    with database(chosen) as opened:
        _show(chosen, close_request(opened, number, outcome, by=signature(chosen, by), reason=reason), as_json=as_json)


@request.command()
def letter(context: typer.Context, number: Numbered, language: Language = None) -> None:
    """The answer to a closed request, or what the person must be told of an extension; a text on stdout."""
    from callguard.rights.letters import in_language, letter_of
    from callguard.rights.requests import the_request
    from callguard.rights.sender import sender

    chosen = settings(context)
    spoken = in_language(language or chosen.announcements.language)
    signed = sender(chosen)
    with database(chosen) as opened, opened.read() as connection:
        found = the_request(connection, number)
    typer.echo(letter_of(found, signed, spoken, _today(chosen)), nl=False)


def _today(chosen: "Settings") -> date:
    """Where the office is."""
    from callguard.clock import utc_now

    return utc_now().astimezone(chosen.retention.time_zone).date()


def _show(chosen: "Settings", one: "Request", *, as_json: bool) -> None:
    today = _today(chosen)
    if as_json:
        print_json(_document(one, today))
    else:
        print_fields(zip(COLUMNS, _row(one, today), strict=True))


def _row(one: "Request", today: date) -> tuple[Cell, ...]:
    left = None if one.end else (one.due_on - today).days
    return (
        *(one.id, one.right, one.number.e164 or one.number.raw, str(one.received_on), str(one.due_on)),
        *(left, one.state, one.reference, one.opened_by),
    )


def _document(one: "Request", today: date) -> dict[str, object]:
    extension, end = one.extension, one.end
    return {
        "id": one.id,
        "kind": one.right,
        "number": one.number.e164 or one.number.raw,
        "way": one.way,
        "reference": one.reference,
        "received_on": str(one.received_on),
        "due_on": str(one.due_on),
        "late": end is None and one.due_on < today,
        "state": one.state,
        "opened_by": one.opened_by,
        "opened_at": one.opened_at,
        "extended_by": extension and extension.by,
        "extended_at": extension and extension.at,
        "extension_reason": extension and extension.reason,
        "outcome": end and end.outcome,
        "closed_by": end and end.by,
        "closed_at": end and end.at,
        "reason": end and end.reason,
    }
