"""`callguard sweep`."""

from typing import Annotated, TypeAlias

import typer

from callguard.cli.failing import complain
from callguard.cli.output import Json
from callguard.cli.session import database, settings
from callguard.cli.writing import AsOf
from callguard.clock import utc_now

DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and why.")]
Despite: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--delete-even-though-guards-object",
        help="Delete although a guard says that clock, rules or disk are wrong. The ledger tells.",
    ),
]


def sweep(
    context: typer.Context,
    as_of: AsOf = None,
    *,
    dry_run: DryRun = False,
    despite: Despite = False,
    as_json: Json = False,
) -> None:
    """Delete what has expired, and say of each record that was due what became of it and why."""
    from callguard.cli.report import report
    from callguard.cli.sweeping import Telling, stoppable
    from callguard.premises import premises
    from callguard.retention.whole import guarded, objections_to, plan_whole, unguarded, what_is_due

    chosen, moment = settings(context), as_of or utc_now()
    said = report(as_json=as_json)
    with database(chosen) as opened, stoppable() as stopped:
        going_by = premises(chosen, opened)
        if dry_run:
            plan = plan_whole(going_by, moment)
            Telling(plan, said).preview()
            complain(objections_to(going_by, plan, what_is_due(plan)))
        else:
            Telling((unguarded if despite else guarded)(going_by, moment, stopped), said).execute(stopped)
