"""`callguard person erase|restrict|lift|rectify|object|withdraw`: what is done for a person who asks for it (S15, C8, C9)."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.hold import Reason, Reference
from callguard.cli.meant import person_meant
from callguard.cli.output import Cell, Json, print_fields, print_json, print_table
from callguard.cli.person import Wanted, person
from callguard.cli.session import database, settings
from callguard.cli.writing import day
from callguard.errors import PartialFailure
from callguard.rights.wishes import Way

if TYPE_CHECKING:
    from callguard.config import Settings
    from callguard.rights.acts import Ask
    from callguard.rights.erasing import Judged
    from callguard.rights.erasure import Erased
    from callguard.rights.person import Person
    from callguard.rights.restriction import Restricted
    from callguard.store.database import Database

Who: TypeAlias = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does it; left out, who is logged in.")]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each record.")]
To: TypeAlias = Annotated[str, typer.Option("--to", metavar="NUMBER", help="The right number.")]
OfCall: TypeAlias = Annotated[str | None, typer.Option("--call", metavar="CALL", help="Only in this call: its id or the beginning of it.")]
ByWay: TypeAlias = Annotated[Way, typer.Option("--way", help="By which way they asked.")]
Said: TypeAlias = Annotated[date | None, typer.Option("--date", parser=day, metavar="DAY", help="On which day; left out, today.")]

__all__ = ["person"]

VERDICTS = ("kind", "record", "verdict", "ground", "until", "reason")


@person.command()
def erase(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context,
    number: Wanted,
    reason: Reason,
    reference: Reference,
    by: Who = None,
    *,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Erase what is kept of a person, with proof; what must stay is told with its ground, and cut to what that needs."""
    from callguard.clock import utc_now
    from callguard.premises import premises
    from callguard.rights.erasure import Erased, Erasure

    chosen, who, ask = _asked(context, number, reason, reference, by)
    judged: list[Judged] = []
    with database(chosen) as opened:
        erasure = Erasure(premises(chosen, opened), who)
        if dry_run:
            judged.extend(erasure.planned(utc_now()))
            done = None
        else:
            done = erasure.carry_out(ask, judged.append)
    if as_json:
        counts = asdict(done or Erased())
        print_json({"number": who.shown, "dry_run": dry_run, "verdicts": [_document(one) for one in judged], **counts})
    else:
        print_table(VERDICTS, map(_row, judged), none="nothing is kept")
        _sum_up(judged, done)
    if done is not None and done.failed:
        raise PartialFailure(f"{done.failed} records or files could not be erased", remedy="see above; then run it once more")


@person.command()
def restrict(
    context: typer.Context, number: Wanted, reason: Reason, reference: Reference, by: Who = None, *, as_json: Json = False
) -> None:
    """Keep what there is of a person, and neither play, export, release nor delete it."""
    from callguard.rights.restriction import restrict as place

    _restriction(context, (number, reason, reference, by), place, as_json=as_json)


@person.command()
def lift(context: typer.Context, number: Wanted, reason: Reason, reference: Reference, by: Who = None, *, as_json: Json = False) -> None:
    """Lift the restriction; the person must have been told before (GDPR art. 18 (3))."""
    from callguard.rights.restriction import lift as let_go

    _restriction(context, (number, reason, reference, by), let_go, as_json=as_json)


@person.command()
def rectify(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    number: Wanted,
    to: To,
    reason: Reason,
    reference: Reference,
    call: OfCall = None,
    by: Who = None,
    *,
    as_json: Json = False,
) -> None:
    """Put the right number in place of one that was kept wrongly; the wrong one is kept as a hash only."""
    from callguard.cli.show import the_call
    from callguard.rights.rectification import rectify as set_right

    chosen, who, ask = _asked(context, number, reason, reference, by)
    right = person_meant(chosen, to, "--to")
    with database(chosen) as opened:
        with opened.read() as connection:
            meant = None if call is None else the_call(connection, call)
        done = asdict(set_right(opened, who, right, ask, meant))
    _tell({"number": right.shown, **done}, as_json=as_json)


@person.command("object")
def object_(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context, number: Wanted, way: ByWay, reference: Reference, on: Said = None, by: Who = None, *, as_json: Json = False
) -> None:
    """Enter that a person objects to being recorded: from now on they are not; what there is stays."""
    _enter_wish(context, "object", (number, way, reference, on, by), as_json=as_json)


@person.command()
def withdraw(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context, number: Wanted, way: ByWay, reference: Reference, on: Said = None, by: Who = None, *, as_json: Json = False
) -> None:
    """Enter that a person withdraws their consent: from now on they are not recorded; what there is stays (C8)."""
    _enter_wish(context, "withdraw", (number, way, reference, on, by), as_json=as_json)


def _restriction(
    context: typer.Context,
    asked: tuple[str, str, str, str | None],
    act: "Callable[[Database, Person, Ask], Restricted]",
    *,
    as_json: bool,
) -> None:
    chosen, who, ask = _asked(context, *asked)
    with database(chosen) as opened:
        done = asdict(act(opened, who, ask))
    _tell({"number": who.shown, **done}, as_json=as_json)


def _enter_wish(context: typer.Context, act: str, asked: tuple[str, Way, str, date | None, str | None], *, as_json: bool) -> None:
    from callguard.clock import utc_now
    from callguard.rights.objection import enter_wish
    from callguard.rights.wishes import Wish

    number, way, reference, on, by = asked
    chosen = settings(context)
    who = person_meant(chosen, number)
    said = on or utc_now().astimezone(chosen.retention.time_zone).date()
    with database(chosen) as opened:
        entry = enter_wish(
            opened, act, who, Wish(number=who.number, way=way, wished_on=said, reference=reference), by=signature(chosen, by)
        )
    _tell({"number": who.shown, "entry": entry.id, "since": entry.entered_at, "reference": entry.reference}, as_json=as_json)


def _asked(context: typer.Context, number: str, reason: str, reference: str, by: str | None) -> "tuple[Settings, Person, Ask]":
    from callguard.rights.acts import Ask

    chosen = settings(context)
    ask = Ask(reason=reason, reference=reference, by=signature(chosen, by)).checked()
    return chosen, person_meant(chosen, number), ask


def _tell(done: "dict[str, Cell]", *, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        print_fields(done.items())


def _sum_up(judged: "Sequence[Judged]", done: "Erased | None") -> None:
    """In a line of its own, as below a long table nobody counts."""
    if judged and done is None:
        typer.echo("nothing was changed: dry run")
    elif judged and done is not None:
        typer.echo(", ".join(f"{figure} {name}" for name, figure in asdict(done).items()))


def _row(one: "Judged") -> tuple[Cell, ...]:
    return (one.kind.value, one.record, one.fate.value, one.ground, one.until, one.reason)


def _document(one: "Judged") -> dict[str, object]:
    return {"kind": one.kind, "record": one.record, "verdict": one.fate, "ground": one.ground, "reason": one.reason, "until": one.until}
