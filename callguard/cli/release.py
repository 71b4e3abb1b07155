"""`callguard release`: a copy of a recording for a person who asked for it, once every party consents (S11)."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.hold import Reason, Reference
from callguard.cli.output import Cell, Json, heading, print_fields, print_json, print_table
from callguard.cli.session import database, settings
from callguard.cli.writing import day
from callguard.rights.wishes import Way

if TYPE_CHECKING:
    from callguard.store.copy_rows import Copy, PartySaid

release = typer.Typer(name="release", help="Copies of recordings for people who ask, and who consents to that.", no_args_is_help=True)

Wanted: TypeAlias = Annotated[str, typer.Argument(metavar="RECORDING", help="The id of the recording.")]
Party: TypeAlias = Annotated[
    str, typer.Option("--party", metavar="NUMBER|LEG", help="Who said it: a number that was on the call, or a leg.")
]
ByWay: TypeAlias = Annotated[Way, typer.Option("--way", help="By which way they said it.")]
SaidOn: TypeAlias = Annotated[date | None, typer.Option("--said-on", parser=day, metavar="DAY", help="On which day; left out, today.")]
Whom: TypeAlias = Annotated[str, typer.Option("--to", metavar="NAME", help="Who gets it.")]
Who: TypeAlias = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does it; left out, who is logged in.")]
Into: TypeAlias = Annotated[Path, typer.Option("--output", metavar="FILE", help="A new file for you alone.")]
Lawful: TypeAlias = Annotated[
    str | None,
    typer.Option("--lawful-ground", metavar="TEXT", help="Why it is lawful without every party's consent; whoever does it answers for it."),
]

SAID = ("leg", "role", "number", "consents")
COPIES = ("copy", "to", "ground", "reference", "reason", "by", "at", "sha256")


@release.command()
def consent(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    recording: Wanted,
    party: Party,
    way: ByWay,
    reference: Reference,
    said_on: SaidOn = None,
    by: Who = None,
    *,
    as_json: Json = False,
) -> None:
    """Enter that a party consents to the release of this recording."""
    _note(context, recording, party, "given", (way, reference, said_on, by), as_json=as_json)


@release.command()
def withdraw(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    recording: Wanted,
    party: Party,
    way: ByWay,
    reference: Reference,
    said_on: SaidOn = None,
    by: Who = None,
    *,
    as_json: Json = False,
) -> None:
    """Enter that a party does not consent, or no longer; for copies to come."""
    _note(context, recording, party, "withdrawn", (way, reference, said_on, by), as_json=as_json)


@release.command()
def give(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    recording: Wanted,
    to: Whom,
    reason: Reason,
    reference: Reference,
    output: Into,
    lawful_ground: Lawful = None,
    by: Who = None,
    *,
    as_json: Json = False,
) -> None:
    """Give out a copy; it is entered, with the hash of the copy in the ledger."""
    from callguard.premises import vault
    from callguard.rights.copies import Handing
    from callguard.rights.grounds import Ground
    from callguard.rights.releases import RELEASE
    from callguard.rights.releases import release as give_out

    chosen = settings(context)
    ground = Ground.CONSENT if lawful_ground is None else lawful_ground
    handing = Handing(way=RELEASE, recipient=to, ground=ground, reference=reference, reason=reason, by=signature(chosen, by))
    with database(chosen) as opened:
        show_copy(give_out(opened, chosen.recordings.root, vault(chosen), recording, handing, output), as_json=as_json)


@release.command("list")
def list_(context: typer.Context, recording: Wanted, *, as_json: Json = False) -> None:
    """Who was on the call and consents, and which copies were given out."""
    from callguard.evidence.listening import the_heard
    from callguard.store.copy_rows import call_of, list_copies, parties_said

    with database(settings(context)) as opened, opened.read() as connection:
        the_heard(connection, recording)
        said, call = parties_said(connection, recording), call_of(connection, recording)
        given = [one for one in list_copies(connection, of_calls=[str(call)]) if one.recording_id == recording]
    if as_json:
        print_json({"recording": recording, "parties": [_said(one) for one in said], "copies": [copy_document(one) for one in given]})
        return
    print_table(SAID, [_said_row(one) for one in said], none="nobody was on this call")
    heading("copies")
    print_table(COPIES, [copy_row(one) for one in given], none="none")


def show_copy(one: "Copy", *, as_json: bool) -> None:
    """What was given, to whom, and the hash of it."""
    if as_json:
        print_json(copy_document(one))
    else:
        print_fields(zip(COPIES, copy_row(one), strict=True))


def copy_row(one: "Copy") -> tuple[Cell, ...]:
    """As people read it."""
    return (one.id, one.recipient, one.ground, one.reference, one.reason, one.by, one.at, one.sha256)


def copy_document(one: "Copy") -> dict[str, object]:
    """As scripts read it."""
    from dataclasses import asdict

    names = {"recording_id": "recording", "call_id": "call", "recipient": "to"}
    return {names.get(name, name): value for name, value in asdict(one).items()}


def _note(
    context: typer.Context, recording: str, party: str, step: str, told: tuple[Way, str, date | None, str | None], *, as_json: bool
) -> None:
    from callguard.clock import utc_now
    from callguard.rights.releases import Said, note_said

    way, reference, said_on, by = told
    chosen = settings(context)
    today = utc_now().astimezone(chosen.retention.time_zone).date()
    said = Said(step=step, way=way, said_on=said_on or today, reference=reference)
    with database(chosen) as opened:
        entered = note_said(opened, recording, party, said, region=chosen.numbers.default_region, by=signature(chosen, by))
    if as_json:
        print_json(_said(entered))
    else:
        print_fields(zip(SAID, _said_row(entered), strict=True))


def _said_row(one: "PartySaid") -> tuple[Cell, ...]:
    words = {True: "yes", False: "no", None: "not known"}
    return (one.leg, one.role, one.number_e164 or one.number, words[one.consents])


def _said(one: "PartySaid") -> dict[str, object]:
    return {"leg": one.leg, "role": one.role, "number": one.number_e164 or one.number or None, "consents": one.consents}
