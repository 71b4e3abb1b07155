"""`callguard accesses`: who listened, who was given a copy or an export, and who was refused a command (S10, C10)."""

from dataclasses import asdict

import typer

from callguard.cli.calls import Limit
from callguard.cli.output import Json, Listing
from callguard.cli.session import database, settings
from callguard.cli.writing import Since

COLUMNS = ("at", "way", "recording", "by", "reason")


def accesses(context: typer.Context, since: Since = None, limit: Limit = 100, *, as_json: Json = False) -> None:
    """The latest accesses and refusals, latest first; each is in the ledger."""
    from callguard.store.access_listing import list_accesses

    with database(settings(context)) as opened, opened.read() as connection:
        found = list_accesses(connection, since, limit)
    rows = ((one.at, one.way, one.recording, one.by, one.reason) for one in found)
    Listing([asdict(one) for one in found], COLUMNS, rows, none="nobody was given anything").put(as_json=as_json)
