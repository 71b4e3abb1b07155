"""`callguard seal`."""

import typer

from callguard.cli.output import Json
from callguard.cli.session import database, settings
from callguard.cli.sweep import DryRun


def seal(context: typer.Context, *, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Seal the recordings that were kept plain until now, and say of each what became of it and why."""
    from callguard.cli.keeping import vault_in_its_owners_hands
    from callguard.cli.report import report
    from callguard.cli.sweeping import stoppable
    from callguard.cli.undertaking import Telling
    from callguard.evidence.later import LaterSealing

    chosen = settings(context)
    vault = vault_in_its_owners_hands(chosen)
    with database(chosen) as opened, stoppable() as stopped:
        telling = Telling(LaterSealing(opened, vault), report(as_json=as_json))
        telling.preview() if dry_run else telling.execute(stopped)
