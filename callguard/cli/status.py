"""`callguard status`."""

import typer

from callguard.cli.output import Json
from callguard.cli.session import settings


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Links, calls now, queue, lag, disk, last and next sweep. Ends with 1 when the daemon does not run, or has an alarm."""
    from callguard.cli.standing import Standing, show, show_json

    standing = Standing.of(settings(context))
    (show_json if as_json else show)(standing)
    standing.complain()
