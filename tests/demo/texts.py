"""A text each way: it arrives, callguard knows who wrote to whom and when, and what was written is nowhere (C1)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.demo.accounts import clock
from tests.demo.promises import Promise
from tests.demo.stage import command
from tests.rig.phone import Phone
from tests.rig.site import Site

WRITTEN: Final = "Codul de acces este 7391-kapibara"
FRIEND: Final = "+40722100107"
FRIEND_DIALLED: Final = "0722100107"

Row = tuple[str, str, str, str]


def send(site: Site) -> None:
    """One to the agent, one from the agent."""
    site.caller.message("agent", WRITTEN, site.pbx.sip_port, caller=FRIEND)
    site.agent.message(FRIEND_DIALLED, WRITTEN, site.pbx.sip_port, caller="200")
    with suppress(AssertionError):  # what is missing is told as a promise that was not kept
        site.wait("both texts", lambda: len(rows(site)) == 2 and site.agent.messages and site.caller.messages)


def rows(site: Site) -> list[Row]:
    """What callguard stored: direction, sender, recipient, time."""
    with closing(sqlite3.connect(f"file:{site.database}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT direction, coalesce(sender_e164, sender), coalesce(recipient_e164, recipient), at FROM messages")
        return [(way, sender, recipient, _time(at)) for way, sender, recipient, at in found]


def told(site: Site) -> Iterator[tuple[str, str]]:
    """Who wrote to whom, and where was looked for what he wrote."""
    for way, sender, recipient, at in rows(site):
        yield way, f"{sender} wrote to {recipient} at {at}"
    yield "content", f"looked for in {len(kept(site))} files (database, its log, the daemon's log, status) and in `callguard calls`"


def promises(site: Site) -> Iterator[Promise]:
    """Of the two texts."""
    yield "the text to the agent arrives", _arrived(site.agent)
    yield "the text of the agent arrives", _arrived(site.caller)
    yield "both are logged, with numbers and direction", _directions(site) == {("inbound", FRIEND), ("outbound", FRIEND)}
    holding = [path.name for path in kept(site) if WRITTEN.encode() in path.read_bytes()]
    yield f"what was written is in no file of callguard's ({', '.join(holding) or 'none'})", not holding
    yield "what was written is in no listing", WRITTEN not in command(site.config, "calls", "--json")


def kept(site: Site) -> list[Path]:
    """All files of the daemon that are its own and change."""
    return [path for path in site.folder.iterdir() if path.is_file()]


def _arrived(phone: Phone) -> bool:
    return WRITTEN in [text.body for text in phone.messages]


def _directions(site: Site) -> set[tuple[str, str]]:
    """The way, and the outside number."""
    return {(way, sender if way == "inbound" else recipient) for way, sender, recipient, _ in rows(site)}


def _time(millis: int) -> str:
    return clock(datetime.fromtimestamp(millis / 1000, UTC).isoformat())
