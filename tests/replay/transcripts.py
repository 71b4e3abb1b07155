"""Transcripts of a live FreeSWITCH that another client took, with a dialplan of its own: read through the daemon's mapping.

They have none of our dialplan's events, so nothing is handed over in them; what any call says of its legs, bridges, keys and recordings is
there. `python -m tests.replay.transcripts` writes what each comes to, as `NAME.events`, one fact a line: to be read before it is committed.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from callguard import numbers
from callguard.call.events import Event, MessageSeen
from callguard.call.state import Number
from callguard.pbx.border import Border
from callguard.pbx.esl_events import EslEvents
from callguard.pbx.esl_routes import Routes
from callguard.pbx.esl_whispers import Whispers
from tests.replay.esl_fixtures import splitter

FOLDER: Final = Path(__file__).parent / "freeswitch"
RECORDINGS: Final = PurePosixPath("/srv/fs/recordings")

_OMITTED: Final = frozenset({"pbx", "linkedid", "leg", "at", "received_at", "channel", "listed"})


def names() -> list[str]:
    """Those in which events were plain."""
    return sorted(path.stem for path in FOLDER.glob("*.rx") if not path.stem.endswith("-json"))


def events_in(name: str) -> list[bytes]:
    """What a subscriber is sent, event by event."""
    blocks = splitter().feed((FOLDER / f"{name}.rx").read_bytes())
    return [block.body for block in blocks if block.kind == b"text/event-plain"]


def facts_of(events: Sequence[bytes]) -> list[Event | MessageSeen]:
    """What the mapping makes of these."""
    told: list[Event | MessageSeen] = []
    border = Border("fs", partial(numbers.parse, region="RO"), frozenset({"lab"}), lambda: datetime(2026, 11, 22, tzinfo=UTC))
    mapping = EslEvents(border, RECORDINGS, Whispers(RECORDINGS), told.append, lambda _commands: None)
    routes = Routes(lambda _job, _output: None)
    routes.listen(mapping.handlers)
    for event in events:
        line = event[: event.find(b"\n")]
        route = routes.known.get(line) or routes.other(line, event)
        if route is not None:
            route(event)
    return told


def lines_of(facts: Sequence[Event | MessageSeen]) -> list[str]:
    """One a fact: seconds since the first, what it is, of which leg (A, B … in the order of their appearance), and what it says."""
    legs: dict[str, str] = {}
    first = min((fact.at for fact in facts), default=datetime(2026, 11, 22, tzinfo=UTC))
    return [_line(fact, (fact.at - first).total_seconds(), legs) for fact in facts]


def _line(fact: Event | MessageSeen, seconds: float, legs: dict[str, str]) -> str:
    letter = legs.setdefault(fact.leg, chr(ord("A") + len(legs))) if isinstance(fact, Event) else "-"
    said = [f"{one.name}={_said(getattr(fact, one.name), legs)}" for one in fields(fact) if one.name not in _OMITTED]
    return " ".join([f"{seconds:7.3f}", f"{type(fact).__name__:16}", letter, *said]).rstrip()


def _said(value: object, legs: dict[str, str]) -> str:
    if isinstance(value, Number):
        return value.raw or "nobody"
    text = str(value)
    for leg, letter in legs.items():
        text = text.replace(leg, letter)
    return text


def main() -> None:
    """Write them all."""
    for name in names():
        (FOLDER / f"{name}.events").write_text("".join(f"{line}\n" for line in lines_of(facts_of(events_in(name)))), "utf-8")


if __name__ == "__main__":
    main()
