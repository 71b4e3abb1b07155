"""`callguard disclose`: what is given to authorities and third parties, on which ground, and the register of it (C11)."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.hold import Reason, Reference
from callguard.cli.meant import number_asked
from callguard.cli.output import Cell, Json, Listing
from callguard.cli.release import COPIES, Into, Wanted, Who, Whom, copy_document, copy_row, show_copy
from callguard.cli.session import database, settings
from callguard.rights.grounds import Ground

if TYPE_CHECKING:
    from callguard.rights.copies import Handing

disclose = typer.Typer(name="disclose", help="Disclosures to authorities and third parties, and their register.", no_args_is_help=True)

OfCall: TypeAlias = Annotated[str, typer.Argument(metavar="CALL", help="The call: its id or the beginning of it.")]
OnGround: TypeAlias = Annotated[Ground, typer.Option("--ground", help="On which ground.")]
OfNumber: TypeAlias = Annotated[str | None, typer.Option("--number", metavar="NUMBER", help="Only of calls of this number.")]

COLUMNS = (*COPIES[:1], "what", *COPIES[1:])


@disclose.command()
def recording(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    recording: Wanted,
    to: Whom,
    ground: OnGround,
    reference: Reference,
    reason: Reason,
    output: Into,
    by: Who = None,
    *,
    as_json: Json = False,
) -> None:
    """Give out a copy of a recording."""
    from callguard.premises import vault
    from callguard.rights.disclosures import disclose_recording

    chosen = settings(context)
    handing = _handing(to, ground, reference, reason, signature(chosen, by))
    with database(chosen) as opened:
        given = disclose_recording(opened, chosen.recordings.root, vault(chosen), recording, handing, output)
    show_copy(given, as_json=as_json)


@disclose.command()
def call(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    call: OfCall,
    to: Whom,
    ground: OnGround,
    reference: Reference,
    reason: Reason,
    output: Into,
    by: Who = None,
    *,
    as_json: Json = False,
) -> None:
    """Give out the record of a call, as a JSON document."""
    from callguard.cli.show import the_call
    from callguard.rights.disclosures import disclose_call

    chosen = settings(context)
    handing = _handing(to, ground, reference, reason, signature(chosen, by))
    with database(chosen) as opened:
        with opened.read() as connection:
            meant = the_call(connection, call)
        given = disclose_call(opened, meant, handing, output)
    show_copy(given, as_json=as_json)


@disclose.command("list")
def list_(context: typer.Context, number: OfNumber = None, *, as_json: Json = False) -> None:
    """What was disclosed, the latest first: to whom, on which ground, what, when and by whom."""
    from callguard.rights.disclosures import DISCLOSURE
    from callguard.store.copy_rows import copied_calls_of, list_copies

    chosen = settings(context)
    wanted = number_asked(chosen, number)
    with database(chosen) as opened, opened.read() as connection:
        theirs = None if wanted is None else copied_calls_of(connection, wanted)
        found = list_copies(connection, DISCLOSURE, theirs)
    rows: list[tuple[Cell, ...]] = [(one.id, _what(one.recording_id, one.call_id), *copy_row(one)[1:]) for one in found]
    Listing([copy_document(one) for one in found], COLUMNS, rows, none="no disclosures").put(as_json=as_json)


def _handing(to: str, ground: Ground, reference: str, reason: str, by: str) -> "Handing":
    from callguard.rights.copies import Handing
    from callguard.rights.disclosures import DISCLOSURE

    return Handing(way=DISCLOSURE, recipient=to, ground=ground, reference=reference, reason=reason, by=by)


def _what(recording: str | None, call: str) -> str:
    return f"recording {recording}" if recording else f"call {call}"
