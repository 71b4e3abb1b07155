"""`callguard retag`."""

from typing import Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.output import Json
from callguard.cli.session import database, settings
from callguard.cli.sweep import DryRun

By: TypeAlias = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who orders it; left out, who is logged in.")]


def retag(context: typer.Context, by: By = None, *, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Apply the periods that are configured now to what is there already, and say of each record what became of it and why."""
    from callguard.cli.report import report
    from callguard.cli.retagging import Telling
    from callguard.cli.sweeping import stoppable
    from callguard.retention.retag import Retagging

    chosen = settings(context)
    with database(chosen) as opened, stoppable() as stopped:
        plan = Retagging(opened, chosen.recordings.root, chosen.rules())
        telling = Telling(plan, report(as_json=as_json))
        telling.preview() if dry_run else telling.execute(signature(chosen, by), stopped)
