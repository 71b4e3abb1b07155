"""`callguard messages`: who sent whom an SMS or SIP MESSAGE, and when. What they say is nowhere (C1)."""

from dataclasses import asdict

import typer

from callguard.cli.calls import Limit, Number
from callguard.cli.output import Json, Listing
from callguard.cli.session import database, settings
from callguard.cli.writing import Since

COLUMNS = ("at", "direction", "from", "to", "pbx")


def messages(context: typer.Context, since: Since = None, number: Number = None, limit: Limit = 100, *, as_json: Json = False) -> None:
    """The latest messages, latest first: from whom, to whom, and when."""
    from callguard import numbers
    from callguard.store.listing import list_messages

    chosen = settings(context)
    wanted = None if number is None else numbers.parse(number, chosen.numbers.default_region)
    with database(chosen) as opened, opened.read() as connection:
        found = list_messages(connection, since=since, number=wanted, limit=limit)
    rows = ((one.at, one.direction, one.sender, one.recipient, one.pbx) for one in found)
    Listing([asdict(one) for one in found], COLUMNS, rows, none="no messages").put(as_json=as_json)
