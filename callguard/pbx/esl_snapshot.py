"""A snapshot of one FreeSWITCH over ESL: its channels, what each says of itself, who is bridged, and what is recorded of those.

`show channels` names them and no more, as its `application` is stale; `uuid_dump` tells of a leg what an event would. A leg that hung up
meanwhile has no dump and is left out. The dumps go a few at a time, since each runs in a thread of its own in FreeSWITCH.
What happens while the snapshot is being taken is told after it, by whoever asked for it.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from callguard.call.events import CallStarted, LegAnswered, LegJoined, Sighting, SnapshotTaken
from callguard.call.state import Direction
from callguard.pbx.border import Border
from callguard.pbx.esl import EslCommand, OnOutcome, Outcome, Reply, job
from callguard.pbx.esl_facts import (
    call_of,
    call_started,
    channel_of,
    hand_of,
    handed_over,
    is_answered,
    is_waiting,
    joined,
    moment,
    occasion,
)
from callguard.pbx.esl_lines import name_of, talks

_BOUND_S: Final = 10.0
_AT_ONCE: Final = 8
_RECORDED: Final = re.compile(r"<function>session_record</function>\s*<target>([^<]*)</target>")

Dump = Mapping[str, str]
Send = Callable[[Sequence[EslCommand], OnOutcome], None]


@dataclass(frozen=True, slots=True)
class Present:
    """What the driver itself needs to know: what the joining of each leg would tell, who was answered when, and who in our hands waits."""

    people: Mapping[str, LegJoined]
    answered: tuple[LegAnswered, ...]
    waiting: frozenset[str]


Done = Callable[[SnapshotTaken, Present], None]


class Snapshot:
    """One taking; ``done`` or ``failed`` is called once, in the link's thread."""

    def __init__(self, border: Border, recordings: PurePosixPath, send: Send, done: Done, failed: Callable[[str], None]) -> None:
        self._border = border
        self._recordings = recordings
        self._send = send
        self._done = done
        self._failed = failed
        self._lists: dict[str, list[Mapping[str, str]]] = {}
        self._dumps: dict[str, Dump] = {}
        self._paths: dict[str, str] = {}
        self._unanswered = 0
        self._over = False

    def take(self) -> None:
        """Ask for all channels, and who of them is bridged."""
        self._send([job("show", f"{what} as json", bound_s=_BOUND_S) for what in ("channels", "bridged_calls")], self._listed)

    def _listed(self, command: EslCommand, outcome: Outcome) -> None:
        rows = _rows(outcome.text) if isinstance(outcome, Reply) else None
        if rows is None:
            self._fail("the PBX does not list its channels")
            return
        self._lists[command.argument.partition(" ")[0]] = rows
        if len(self._lists) == 2:
            self._ask()

    def _fail(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self._failed(reason)

    def _ask(self) -> None:
        legs = [row.get("uuid", "") for row in self._lists["channels"]]
        bridged = set(self._pairs())
        asked = [(name, leg) for leg in legs for name in ("uuid_dump", "uuid_buglist") if name == "uuid_dump" or leg in bridged]
        self._unanswered = len(asked)
        if not asked:
            self._finish()
            return
        for number, (name, leg) in enumerate(asked):
            argument = f"{leg} json" if name == "uuid_dump" else leg
            self._send([job(name, argument, lane=f"snapshot {number % _AT_ONCE}", bound_s=_BOUND_S)], partial(self._told, leg))

    def _told(self, leg: str, command: EslCommand, outcome: Outcome) -> None:
        text = outcome.text if isinstance(outcome, Reply) else ""
        if command.name == "uuid_dump":
            dump = _table(text)
            if dump:
                self._dumps[leg] = dump
        else:
            self._paths[leg] = self._recorded(text)
        self._unanswered -= 1
        if self._unanswered == 0:
            self._finish()

    def _recorded(self, bugs: str) -> str:
        """The newest of our recordings on the leg; of others we say nothing."""
        ours = [path for path in _RECORDED.findall(bugs) if PurePosixPath(path).is_relative_to(self._recordings)]
        return ours[-1] if ours else ""

    def _pairs(self) -> Iterator[str]:
        for row in self._lists["bridged_calls"]:
            yield from (row.get("uuid", ""), row.get("b_uuid", ""))

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        now = self._border.now()
        people = {leg: joined(dump, "", self._border) for leg, dump in self._dumps.items()}
        answered = tuple(self._answered(dump) for dump in self._dumps.values() if is_answered(dump))
        bridges = self._bridges(people, {one.leg for one in answered})
        seen = tuple(self._sighting(leg, dump, bridges.get(leg), people) for leg, dump in self._dumps.items())
        waiting = frozenset(leg for leg, dump in self._dumps.items() if is_waiting(dump))
        self._done(SnapshotTaken(pbx=self._border.pbx, at=now, received_at=now, sightings=seen), Present(people, answered, waiting))

    def _answered(self, dump: Dump) -> LegAnswered:
        """As its event told or would have told."""
        seen = occasion(dump, self._border)
        seen["at"] = moment(dump.get("Caller-Channel-Answered-Time")) or seen["at"]
        return LegAnswered(**seen)

    def _bridges(self, people: Mapping[str, LegJoined], answered: Collection[str]) -> dict[str, str]:
        """By leg, for those who talk."""
        rows = ((row.get("uuid", ""), row.get("b_uuid", "")) for row in self._lists["bridged_calls"])
        return {leg: name_of(*pair) for pair in rows if all(one in people and talks(people[one], answered) for one in pair) for leg in pair}

    def _sighting(self, leg: str, dump: Dump, bridge: str | None, people: Mapping[str, LegJoined]) -> Sighting:
        direction = hand_of(dump)
        return Sighting(
            leg=leg,
            linkedid=call_of(dump),
            channel=channel_of(dump),
            in_hand=direction is not None,
            bridge=bridge,
            recording_path=self._paths.get(leg) or None,
            started=self._started(dump, direction) if direction else None,
            handed_over=handed_over(dump, self._border) if direction else None,
            joined=replace(people[leg], bridge=bridge, answered=is_answered(dump)) if bridge else None,
        )

    def _started(self, dump: Dump, direction: Direction) -> CallStarted | None:
        """A callee's call began with his caller, who may be gone."""
        first = dump if direction is Direction.INBOUND else self._dumps.get(call_of(dump))
        return call_started(first, direction, self._border) if first else None


def _rows(text: str) -> list[Mapping[str, str]] | None:
    """The rows of a list as JSON; an empty list has no `rows` at all."""
    try:
        told = json.loads(text)
    except ValueError:
        return None
    rows = told.get("rows", []) if isinstance(told, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None


def _table(text: str) -> Dump:
    """A dump as JSON; its values are text."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return {key: value for key, value in told.items() if isinstance(value, str)} if isinstance(told, dict) else {}
