"""Recorded ESL calls, read back into the same values as the AMI ones: what FreeSWITCH said block by block, what the daemon sent.

An answer of ESL carries no id; it answers the commands of its connection in their order, and a job's output carries its Job-UUID. So each
block that is an answer is given the place of what it answers.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from callguard.call.policy import Announcement
from callguard.pbx.esl import EslBounds, Headers
from callguard.pbx.esl_facts import moment
from callguard.pbx.esl_wire import BLANK_LINE, Block, Splitter
from tests.replay.fixtures import Fixture, Mark, Sent, Told, policies

FOLDER: Final = Path(__file__).parent / "freeswitch" / "calls"

_OF_THE_LINK: Final = ("auth ", "filter ", "event ", "api strepoch", "api global_setvar ")
_ANSWERS: Final = (b"command/reply", b"api/response")


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
        steps=tuple(_steps(received, written)),
        sent=tuple(_sent(written)),
    )


def block_of(message: bytes) -> Block:
    """The block that a step holds."""
    (block,) = splitter().feed(message)
    return block


def splitter() -> Splitter:
    """As the daemon has it."""
    bounds = EslBounds()
    return Splitter(bounds.head_bytes, bounds.body_bytes)


def _steps(received: bytes, written: Sequence[Mapping[str, Any]]) -> Iterator[Told | Mark]:
    """Blocks and marks in the order of the wire. A block that a mark falls into comes after the mark."""
    marks = [line for line in written if "event" in line]
    ends = [*(mark["rx_offset"] for mark in marks[1:]), len(received)]
    jobs = {_job_uuid(one["sent"]): place for place, one in enumerate(_commands(written))}
    places: Iterator[int] = iter(())
    consumed, cutter = 0, splitter()
    for mark, end in zip(marks, ends, strict=True):
        yield Mark(mark["event"], datetime.fromisoformat(mark["at"]), mark.get("timers") == "first")
        if mark["event"] == "connected":
            consumed, cutter, places = mark["rx_offset"], splitter(), _places_of(written, mark)
        for block in cutter.feed(received[mark["rx_offset"] : end]):
            consumed += len(block.head) + len(BLANK_LINE) + len(block.body)
            yield _told(block, consumed, places, jobs)


def _places_of(written: Sequence[Mapping[str, Any]], connected: Mapping[str, Any]) -> Iterator[int]:
    """The places of what was sent on the connection that begins with this mark."""
    place, ours = 0, False
    for line in written:
        if "event" in line and line["event"] in ("connected", "lost"):
            ours = line is connected
        if "sent" in line:
            if ours:
                yield place
            place += 1


def _told(block: Block, end: int, places: Iterator[int], jobs: Mapping[str, int]) -> Told:
    message = block.head + BLANK_LINE + block.body
    if block.kind in _ANSWERS:
        return Told(message, end, None, ("reply", str(next(places))))
    if block.kind != b"text/event-plain":
        return Told(message, end, None, None)
    headers = Headers(block.body)
    job = jobs.get(headers.get("Job-UUID") or "none")
    at = moment(headers.get("Event-Date-Timestamp"))
    return Told(message, end, None if job is not None else at, None if job is None else ("job", str(job)))


def _commands(written: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [line for line in written if "sent" in line]


def _sent(written: Sequence[Mapping[str, Any]]) -> Iterator[Sent]:
    for place, line in enumerate(_commands(written)):
        text = line["sent"]
        if not text.startswith(_OF_THE_LINK):
            way, _, argument = text.partition("\n")[0].partition(" ")
            yield Sent(place, line["rx_offset"], str(place), way, (("Command", argument),))


def _job_uuid(text: str) -> str:
    return text.partition("Job-UUID: ")[2].strip()
