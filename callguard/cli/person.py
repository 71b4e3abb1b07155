"""`callguard person`: the rights of one person, by telephone number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.calls import COLUMNS, Limit, call_row
from callguard.cli.exporting import export
from callguard.cli.output import Cell, Json, heading, print_fields, print_json, print_table
from callguard.cli.session import database, settings

if TYPE_CHECKING:
    from callguard.rights.finding import Found
    from callguard.store.listing import ListedCall

person = typer.Typer(name="person", help="The rights of one person, by telephone number.", no_args_is_help=True)

Wanted: TypeAlias = Annotated[str, typer.Argument(metavar="NUMBER", help="Their number, however it is written, or an extension.")]

RECORDINGS = ("recording", "status", "expires", "call")
CONSENTS = ("decided", "decision", "how", "legal basis", "call")
MESSAGES = ("at", "direction", "from", "to", "pbx")


@person.command()
def find(context: typer.Context, number: Wanted, limit: Limit = 100, *, as_json: Json = False) -> None:
    """All that is kept of a person: how much, the latest of it, and every register that names them."""
    from callguard.rights.finding import find as find_person
    from callguard.rights.person import the_person

    chosen = settings(context)
    who = the_person(number, chosen.numbers.default_region)
    with database(chosen) as opened, opened.read() as connection:
        found = find_person(connection, who, limit)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)


person.command()(export)


def _document(found: "Found") -> dict[str, object]:
    return {
        "number": found.person.shown,
        "telephone": found.person.telephone,
        "counts": found.counts,
        "calls": [asdict(one) for one in found.calls],
        "consents": [asdict(one) for one in found.consents],
        "messages": [asdict(one) for one in found.messages],
        **found.registers,
    }


def _print(found: "Found") -> None:
    print_fields(_fields(found))
    heading("latest calls")
    print_table(COLUMNS, map(call_row, found.calls), none="no calls")
    heading("their recordings")
    print_table(RECORDINGS, _recordings(found.calls), none="no recordings")
    heading("their decisions")
    decided = ((one.decided_at, one.decision, one.key or one.how, one.legal_basis, one.call) for one in found.consents)
    print_table(CONSENTS, decided, none="none")
    heading("latest messages")
    print_table(MESSAGES, ((one.at, one.direction, one.sender, one.recipient, one.pbx) for one in found.messages), none="no messages")
    for name, rows in found.registers.items():
        heading(name)
        print_table(tuple(rows[0]) if rows else (), map(_cells, rows), none="none")


def _fields(found: "Found") -> Iterator[tuple[str, Cell]]:
    yield "number", found.person.shown
    if not found.person.telephone:
        yield "note", f"no telephone number of {found.person.region}: only what was shown exactly so is found"
    yield from found.counts.items()


def _recordings(calls: "Sequence[ListedCall]") -> Iterator[tuple[Cell, ...]]:
    return ((one.id, one.status, one.expires_at, call.id) for call in calls for one in call.recordings)


def _cells(row: Mapping[str, object]) -> tuple[Cell, ...]:
    return tuple(value if isinstance(value, str | int | datetime) or value is None else str(value) for value in row.values())
