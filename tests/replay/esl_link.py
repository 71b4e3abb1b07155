"""The daemon's ESL link over a fixture in place of a socket: as `link.py` is for AMI.

Events go the real way from the block on: the routing by name, the headers read, the mapping, the orders.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from callguard.errors import ActionRefused, LinkLost
from callguard.pbx.esl import EslAddress, EslCommand, EslLink, LinkCallbacks, OnOutcome, Outcome, Reply
from callguard.pbx.esl_routes import Routes
from tests.replay.esl_fixtures import block_of
from tests.replay.esl_model import answer, event_of
from tests.replay.fixtures import IDENTIFIER, Sent, Told, comparable
from tests.replay.link import Paper
from tests.replay.pbx_model import Channels

NOWHERE = EslAddress("127.0.0.1", 0, "none")

_REFUSED: Final = ("-ERR", "-USAGE")
_ORDER: Final = re.compile(r"uuid_setvar (?P<leg>\S+) callguard_order (?:announce|ask):(?P<step>\d+):.*")
_WAITING: Final = b"Playback-File-Path: silence_stream"


class EslPaper(Paper):
    """What the daemon sent when the fixture was taken, and what is sent now; `given` holds each command as `performed` does for AMI."""

    def __post_init__(self, sent: Iterable[Sent]) -> None:
        self.given: list[tuple[str, Sent | None]] = []
        self._orders: dict[tuple[str, str], list[Sent]] = defaultdict(list)
        kept = list(sent)
        for one in kept:
            found = _ORDER.fullmatch(dict(one.headers)["Command"])
            if found:
                self._orders[found["leg"], found["step"]].append(one)
        super().__post_init__(kept)

    @property
    def meant(self) -> list[Sent]:
        return [found for _, found in self.given if found is not None]

    @property
    def unmeant(self) -> Sequence[object]:
        return [command for command, found in self.given if found is None]

    def is_answer(self, told: Told) -> bool:
        """False for the end of an order that the daemon gave then and did not give now: there would be no such end."""
        if _WAITING not in told.message:
            return True
        event = event_of(told)
        question = (event.get("Unique-ID", ""), event.get("variable_callguard_step", ""))
        asked = [one for one in self._orders.get(question, ()) if one.rx_offset < told.end]
        return not asked or any(found is asked[-1] for _, found in self.given)

    def find_command(self, command: EslCommand) -> Sent | None:
        """The recorded command that this one is; each stands for one only."""
        headers = (("Command", f"{command.name} {command.argument}".strip()),)
        waiting = self._waiting.get(comparable(command.way, headers))
        found = waiting.popleft() if waiting else None
        self.given.append((headers[0][1], found))
        if found is not None:
            then, now = (IDENTIFIER.findall(dict(told)["Command"]) for told in (found.headers, headers))
            self.ids.update(zip(then, now, strict=True))
        return found


class ReplayEslLink(EslLink):
    """See the module."""

    def __init__(self, callbacks: LinkCallbacks, paper: EslPaper) -> None:
        super().__init__(NOWHERE, callbacks)
        self._paper = paper
        self._channels: Channels | None = None
        self._is_up = False
        self.connected()

    def connected(self) -> None:
        self._asked: dict[int, tuple[EslCommand, OnOutcome]] = {}
        self._routes = Routes(lambda _job, _output: None)

    def lost(self) -> None:
        asked, self._asked = self._asked, {}
        for command, on_outcome in asked.values():
            on_outcome(command, LinkLost("recorded"))
        if self._is_up:
            self._is_up = False
            self._callbacks.on_down("recorded")

    def up(self) -> None:
        if not self._is_up:
            self._is_up = True
            self._routes.listen(self._callbacks.on_event)
            self._callbacks.on_up()

    def answer_for(self, channels: Channels | None) -> None:
        self._channels = channels

    def receive(self, told: Told) -> None:
        block = block_of(told.message)
        if block.kind == b"text/disconnect-notice":
            self.lost()
        elif told.answers is None:
            self._event(block.body)
        else:
            self._answered(told.answers, block.head, block.body)

    def _event(self, event: bytes) -> None:
        line = event[: event.find(b"\n")]
        route = self._routes.known.get(line) or self._routes.other(line, event)
        if route is not None:
            route(event)

    def _answered(self, answers: tuple[str, str], head: bytes, body: bytes) -> None:
        if b"event listener enabled" in head:
            self.up()
            return
        kind, place = answers
        text = (body.partition(b"\n\n")[2] if kind == "job" else body or head.partition(b"Reply-Text: ")[2].partition(b"\n")[0]).decode()
        asked = self._asked.get(int(place))
        if asked is None or (kind == "reply" and asked[0].way == "bgapi" and not text.startswith(_REFUSED)):
            return
        del self._asked[int(place)]
        asked[1](asked[0], _outcome(asked[0], text.rstrip("\r\n")))

    def send(self, commands: Sequence[EslCommand], on_outcome: OnOutcome) -> None:
        for command in commands:
            outcome = self._made_up(command) if self._is_up else LinkLost("recorded")
            if outcome is not None:
                on_outcome(command, outcome)
            elif (found := self._paper.find_command(command)) is not None:
                self._asked[found.place] = (command, on_outcome)

    def _made_up(self, command: EslCommand) -> Outcome | None:
        return None if self._channels is None else answer(self._channels, command)


def _outcome(command: EslCommand, text: str) -> Outcome:
    if text in ("_undef_", "-ERR no reply"):
        return Reply("")
    return ActionRefused(f"{command.name}: {text}") if text.startswith(_REFUSED) else Reply(text)
