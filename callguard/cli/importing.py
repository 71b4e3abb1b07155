"""`callguard import`: what other programs know, taken over whole or not at all."""

from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from callguard.cli.output import Json, print_fields, print_json
from callguard.cli.session import database, settings
from callguard.clock import utc_now

importing = typer.Typer(name="import", help="Take over what other programs know, whole or not at all.", no_args_is_help=True)

List: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV in UTF-8 that begins with the line number,end.")]


@importing.command()
def contracts(context: typer.Context, file: List, *, as_json: Json = False) -> None:
    """Take over the ends of contracts by number; records of calls and messages are kept from then on by the rules.

    An end is the last day, as in 2026-01-31, or the word running. A faulty line refuses the whole file.
    """
    from dataclasses import asdict

    from callguard import numbers
    from callguard.evidence import retention_entries
    from callguard.retention.contracts import read_contracts
    from callguard.store.contract_rows import import_contracts
    from callguard.store.ledger_rows import append

    chosen = settings(context)
    read = read_contracts(file, partial(numbers.parse, region=chosen.numbers.default_region))
    with database(chosen) as opened, opened.write() as connection:
        done = import_contracts(connection, read.ends, utc_now())
        append(connection, [retention_entries.contracts(read.sha256, done.new, done.changed)])
    if as_json:
        print_json(asdict(done))
    else:
        print_fields([("new", done.new), ("changed", done.changed), ("unchanged", done.unchanged), ("records dated anew", done.records)])
