"""`callguard quarantine`: what reconciliation took out of the recordings root, until when, and how it is given back."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.hold import By, Reason
from callguard.cli.output import Cell, Json, Listing, print_fields, print_json
from callguard.cli.session import database, settings
from callguard.cli.writing import count

if TYPE_CHECKING:
    from callguard.store.quarantine_rows import Quarantined

quarantine = typer.Typer(name="quarantine", help="Files that no row knew, until their last day.", no_args_is_help=True)

Numbered: TypeAlias = Annotated[int, typer.Argument(parser=count, metavar="NUMBER", help="Its number in quarantine.")]

COLUMNS = ("number", "expires", "moved", "bytes", "was at", "recording", "reason")


@quarantine.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """What is there, in the order in which it expires."""
    from callguard.store.quarantine_rows import all_quarantined

    with database(settings(context)) as opened, opened.read() as connection:
        found = list(all_quarantined(connection))
    Listing([_document(one) for one in found], COLUMNS, map(_row, found), none="nothing is in quarantine").put(as_json=as_json)


@quarantine.command()
def release(context: typer.Context, number: Numbered, by: By, reason: Reason, *, as_json: Json = False) -> None:
    """Put a file back to where it was, for `callguard import` or for whoever misses it. The ledger tells."""
    from callguard.retention.quarantine import give_back

    chosen = settings(context)
    with database(chosen) as opened:
        path = give_back(opened, chosen.recordings.root, number, by=signature(chosen, by), reason=reason)
    if as_json:
        print_json({"id": number, "path": path})
    else:
        print_fields([("number", number), ("lies again at", path)])


def _row(one: "Quarantined") -> tuple[Cell, ...]:
    return one.id, one.expires_at, one.moved_at, one.size, one.path, one.recording_id, one.reason


def _document(one: "Quarantined") -> dict[str, object]:
    told = ("path", "reason", "recording_id", "size", "sha256", "moved_at", "expires_at", "rule")
    return {"id": one.id, "file": one.name, **{name: getattr(one, name) for name in told}}
