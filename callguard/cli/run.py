"""`callguard run`."""

import typer

from callguard.cli.session import settings, settings_path


def run(context: typer.Context) -> None:
    """The daemon, in the foreground, until it is told to stop."""
    from callguard import daemon

    raise typer.Exit(daemon.run(settings_path(context), settings(context)))
