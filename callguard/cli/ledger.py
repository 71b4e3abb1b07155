"""`callguard ledger`: the chain of entries that proves the evidence."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from callguard.cli.output import Json
from callguard.cli.session import database, settings

ledger = typer.Typer(name="ledger", help="Prove that no evidence was changed afterwards.", no_args_is_help=True)

Heads: TypeAlias = Annotated[list[str] | None, typer.Option("--head", metavar="HASH@SEQUENCE", help="A head that was noted elsewhere.")]
To: TypeAlias = Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Where to write, in the place of stdout; a new file.")]


@ledger.command()
def verify(context: typer.Context, head: Heads = None, *, as_json: Json = False) -> None:
    """Check every entry, every row of evidence and every head that was noted; exit status 1 when one is not as it was written."""
    from callguard.cli.proving import given_head, prove

    given = [given_head(one) for one in head or ()]
    with database(settings(context)) as opened:
        prove(opened, given, as_json=as_json)


@ledger.command()
def export(context: typer.Context, to: To = None) -> None:
    """Write all entries and the head, a JSON object a line: what a stranger needs to check them, and nothing of any person."""
    from callguard.cli.proving import write_entries

    with database(settings(context)) as opened:
        write_entries(opened, to)
