"""`callguard optout`: the do-not-record register (S4)."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.meant import number_asked, person_meant
from callguard.cli.output import Cell, Json, Listing, print_fields, print_json
from callguard.cli.session import database, settings
from callguard.cli.writing import day as a_day
from callguard.rights.wishes import Way

if TYPE_CHECKING:
    from callguard.store.optout_rows import Optout

optout = typer.Typer(name="optout", help="The do-not-record register: who is not to be recorded, whoever calls whom.", no_args_is_help=True)

Whose: TypeAlias = Annotated[str, typer.Argument(metavar="NUMBER", help="The person's telephone number, however it is written.")]
ByWay: TypeAlias = Annotated[Way, typer.Option("--way", help="By which way the wish came.")]
On: TypeAlias = Annotated[date, typer.Option("--date", parser=a_day, metavar="DAY", help="On which day it came, as in 2026-11-20.")]
By: TypeAlias = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it.")]
Reason: TypeAlias = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]
Reference: TypeAlias = Annotated[str, typer.Option("--reference", metavar="TEXT", help="The letter, ticket or file it is on.")]
OfNumber: TypeAlias = Annotated[str | None, typer.Option("--number", metavar="NUMBER", help="Only of this number.")]
All: TypeAlias = Annotated[bool, typer.Option("--all", help="Those that were removed as well.")]
Csv: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV in UTF-8 that begins with number,way,date,reference.")]

COLUMNS = ("entry", "number", "way", "wished", "reference", "entered by", "entered", "removed by", "removed", "because")


@optout.command()
def add(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context, number: Whose, way: ByWay, day: On, by: By, reference: Reference, *, as_json: Json = False
) -> None:
    """Enter a number. From the next call on that person is recorded no more, and within a second in one that is going on."""
    from callguard.rights.optouts import enter_optout
    from callguard.rights.wishes import Wish

    chosen = settings(context)
    wish = Wish(number=person_meant(chosen, number).number, way=way, wished_on=day, reference=reference)
    with database(chosen) as opened:
        _show(enter_optout(opened, wish, by=signature(chosen, by)), as_json=as_json)


@optout.command()
def remove(context: typer.Context, number: Whose, by: By, reason: Reason, *, as_json: Json = False) -> None:
    """Take a number out; the entry stays, with who did it, when and why."""
    from callguard.rights.optouts import remove_from_register

    chosen = settings(context)
    meant = person_meant(chosen, number)
    with database(chosen) as opened:
        _show(remove_from_register(opened, meant.number, by=signature(chosen, by), reason=reason), as_json=as_json)


@optout.command("list")
def list_(context: typer.Context, number: OfNumber = None, *, everything: All = False, as_json: Json = False) -> None:
    """Who is in the register, the latest entry first."""
    from callguard.store.optout_rows import list_optouts

    chosen = settings(context)
    meant = number_asked(chosen, number)
    wanted = None if meant is None else meant.e164 or meant.raw
    with database(chosen) as opened, opened.read() as connection:
        found = list_optouts(connection, number=wanted, removed=everything)
    Listing([_document(one) for one in found], COLUMNS, map(_row, found), none="nobody is in the register").put(as_json=as_json)


@optout.command("import")
def import_(context: typer.Context, file: Csv, by: By, *, as_json: Json = False) -> None:
    """Enter all numbers of a list that are not in the register yet. A faulty line refuses the whole file."""
    from dataclasses import asdict

    from callguard.clock import utc_now
    from callguard.rights.optout_list import read_optouts
    from callguard.rights.optouts import import_optouts

    chosen = settings(context)
    read = read_optouts(file, chosen.numbers.default_region, utc_now())
    with database(chosen) as opened:
        done = import_optouts(opened, read.wishes, read.sha256, by=signature(chosen, by))
    if as_json:
        print_json(asdict(done))
    else:
        print_fields([("new", done.new), ("in the register already", done.known)])


def _show(one: "Optout", *, as_json: bool) -> None:
    if as_json:
        print_json(_document(one))
    else:
        print_fields(zip(COLUMNS, _row(one), strict=True))


def _row(one: "Optout") -> tuple[Cell, ...]:
    came = (one.id, one.number, one.way, _day(one.wished_on), one.reference, one.entered_by, one.entered_at)
    return (*came, one.removed_by, one.removed_at, one.removal_reason)


def _document(one: "Optout") -> dict[str, object]:
    return {name: getattr(one, name) for name in type(one).__slots__} | {"wished_on": _day(one.wished_on)}


def _day(day: date) -> str:
    return day.isoformat()
