"""`callguard sweep`."""

from typing import Annotated, TypeAlias

import typer

from callguard.cli.output import Json
from callguard.cli.session import database, settings
from callguard.cli.writing import AsOf
from callguard.clock import utc_now

DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and why.")]


def sweep(context: typer.Context, as_of: AsOf = None, *, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Delete the recordings that have expired, and say of each that was due what became of it and why."""
    from callguard.cli.sweeping import JsonSweep, TextSweep
    from callguard.retention.sweep import plan_sweep

    chosen = settings(context)
    with database(chosen) as opened:
        plan = plan_sweep(opened, chosen.recordings.root, as_of or utc_now())
        telling = (JsonSweep if as_json else TextSweep)(plan)
        (telling.preview if dry_run else telling.execute)()
