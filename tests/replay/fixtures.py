"""Recorded AMI calls, read back: what the PBX said message by message, what the daemon sent, and what happened to the connection.

A fixture `NAME.rx` and `NAME.tx.jsonl` has the form that `tests/rig/ami_recorder.py` describes; its first line says under which policies,
with which announcements and with which recordings root it was taken, so that it needs nothing but itself to be replayed. The bytes are cut
into messages by the daemon's own splitter.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, TypeAlias

from callguard.call.policy import UNMATCHED, Announcement, Policy, Prompts
from callguard.config import PolicySettings
from callguard.pbx.ami_bounds import AmiBounds
from callguard.pbx.ami_events import pbx_time
from callguard.pbx.ami_wire import END_OF_MESSAGE, EOL, Headers, Splitter

FOLDER: Final = Path(__file__).parent / "asterisk"
TRUNK: Final = "caller"
LANGUAGE: Final = "ro"

Event: TypeAlias = Literal["started", "connected", "lost", "stopped", "continued"]

IDENTIFIER: Final = re.compile(r"[0-9a-f]{32}")
"""A call's own id, as it stands in the path of a recording."""

_OF_THE_LINK: Final = frozenset({"Challenge", "Login", "Ping"})


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the PBX, the bytes received up to its end, when the PBX says that it was, and which question of ours it answers."""

    message: bytes
    end: int
    at: datetime | None
    answers: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened between two messages, and when.

    A daemon that stood still finds overdue timers and unread messages at once; `timers_first` says which it saw first.
    """

    event: Event
    at: datetime
    timers_first: bool


Step: TypeAlias = Told | Mark


@dataclass(frozen=True, slots=True)
class Sent:
    """An action of the daemon: its place among all of them, when it was sent, and what it said but for its id."""

    place: int
    rx_offset: int
    action_id: str
    name: str
    headers: tuple[tuple[str, str], ...]

    @property
    def question(self) -> tuple[str, str]:
        """Channel and CommandID of an AGI command, by which its answer is known."""
        told = dict(self.headers)
        return told.get("Channel", ""), told.get("CommandID", "")


@dataclass(frozen=True, slots=True)
class Fixture:
    """One recorded scenario. `sent` leaves out the login, pings and the heartbeat, which are no orders of the core."""

    name: str
    policies: tuple[Policy, ...]
    pbx_root: PurePosixPath
    steps: tuple[Step, ...]
    sent: tuple[Sent, ...]

    @property
    def told(self) -> list[Told]:
        return [step for step in self.steps if isinstance(step, Told)]


def names() -> list[str]:
    """All fixtures, in order of the alphabet."""
    return sorted(path.stem for path in FOLDER.glob("*.rx"))


def load(name: str) -> Fixture:
    """The fixture of that name."""
    return read(name, (FOLDER / f"{name}.rx").read_bytes(), (FOLDER / f"{name}.tx.jsonl").read_text("utf-8").splitlines())


def read(name: str, received: bytes, lines: Sequence[str]) -> Fixture:
    """The fixture that these bytes and lines are."""
    written = [json.loads(line) for line in lines]
    site = written[0]
    return Fixture(
        name=name,
        policies=policies(site["policies"], [Announcement(**one) for one in site["announcements"]]),
        pbx_root=PurePosixPath(site["pbx_root"]),
        steps=tuple(_steps(received, [line for line in written if "event" in line])),
        sent=tuple(_sent([line for line in written if "sent" in line])),
    )


def policies(text: str, announcements: Sequence[Announcement]) -> tuple[Policy, ...]:
    """The policies of a TOML text, as the daemon has them in force."""
    found = {(one.name, one.language): one for one in announcements}

    def prompts_for(name: str, language: str) -> Prompts:
        return Prompts(found[name, language], found["thank-you", language], found["refused", language])

    tables = tomllib.loads(text)["policy"]
    settings = {name: PolicySettings.model_validate(table) for name, table in tables.items()}
    return (*(one.policy(name, LANGUAGE, prompts_for) for name, one in settings.items()), UNMATCHED)


def comparable(name: str, headers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """An action as it can be compared between two runs.

    The link sorts the headers; a call's id, part of a recording's path, is new in each run; and how long the net waits is a setting, proven
    elsewhere, for which no call has to be made again.
    """
    return (name, *sorted(f"{key}: {IDENTIFIER.sub('*', value)}" for key, value in headers if key != "Timeout"))


def _steps(received: bytes, marks: Sequence[Mapping[str, Any]]) -> Iterator[Step]:
    """Messages and marks in the order of the wire. A message that a mark falls into comes after the mark."""
    ends = [*(mark["rx_offset"] for mark in marks[1:]), len(received)]
    splitter, consumed = Splitter(0), 0
    for mark, end in zip(marks, ends, strict=True):
        begin = mark["rx_offset"]
        yield Mark(mark["event"], datetime.fromisoformat(mark["at"]), mark.get("timers") == "first")
        if mark["event"] == "connected":
            begin += received[begin:end].find(EOL) + len(EOL)
            splitter, consumed = Splitter(AmiBounds().unterminated_bytes), begin
        for message in splitter.feed(received[begin:end]):
            consumed += len(message) + len(END_OF_MESSAGE)
            yield _read(message, consumed)


def _read(message: bytes, end: int) -> Told:
    headers = Headers(message)
    answers = headers.get("Event") == "AsyncAGIExec"
    question = (headers.get("Channel") or "", headers.get("CommandId") or "")
    return Told(message, end, pbx_time(headers), question if answers else None)


def _sent(lines: Sequence[Mapping[str, Any]]) -> Iterator[Sent]:
    for place, line in enumerate(lines):
        pairs = [(key, value) for key, _, value in (text.partition(": ") for text in line["sent"].split("\r\n") if text)]
        name, headers = dict(pairs)["Action"], tuple((key, value) for key, value in pairs if key not in {"Action", "ActionID"})
        if name not in _OF_THE_LINK and ("Variable", "CALLGUARD_UNTIL") not in headers:
            yield Sent(place, line["rx_offset"], dict(pairs)["ActionID"], name, headers)
