"""`callguard keys`: what locks the recordings."""

import typer

from callguard.cli.output import Json
from callguard.cli.session import database, settings
from callguard.cli.sweep import DryRun

keys = typer.Typer(name="keys", help="The keys of sealed recordings.", no_args_is_help=True)


@keys.callback()
def _keys() -> None:
    """Typer takes a group of one command for that command, unless the group says something itself."""


@keys.command()
def renew(context: typer.Context, *, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Wrap all keys by the master key that is named now, in place of the old one; see README, "A new master key"."""
    from callguard.cli.keeping import vault_in_its_owners_hands
    from callguard.cli.report import report
    from callguard.cli.sweeping import stoppable
    from callguard.cli.undertaking import Telling
    from callguard.evidence.renewal import Renewal

    chosen = settings(context)
    vault = vault_in_its_owners_hands(chosen)
    with database(chosen) as opened, stoppable() as stopped:
        telling = Telling(Renewal(opened, vault), report(as_json=as_json))
        telling.preview() if dry_run else telling.execute(stopped)
