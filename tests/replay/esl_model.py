"""What FreeSWITCH itself would have said at any point of a fixture: its channels, who is bridged, what is recorded, and a dump of each.

Made from the same events, but not by the daemon's mapping. An event tells of its leg what a dump would, so the last one is the dump.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from callguard.pbx.esl import EslCommand, Outcome, Reply
from tests.replay.esl_fixtures import block_of
from tests.replay.fixtures import TRUNK, Fixture, Mark, Told
from tests.replay.pbx_model import Channel, Channels

Dump = Mapping[str, str]

_GONE: Final = "CHANNEL_DESTROY"


@dataclass(frozen=True, slots=True)
class EslChannel(Channel):
    """One channel; `dump` is what `uuid_dump` would tell of it."""

    dump: str = field(default="{}", compare=False)

    @property
    def outside(self) -> bool:
        return TRUNK in (self.told("variable_sip_gateway_name"), self.told("variable_sip_gateway"))

    def told(self, name: str) -> str | None:
        """One header of the dump."""
        value: str | None = json.loads(self.dump).get(name)
        return value


def event_of(told: Told) -> Dump:
    """The headers of an event, the first of a name; nothing for an answer."""
    block = block_of(told.message)
    if block.kind != b"text/event-plain":
        return {}
    headers: dict[str, str] = {}
    for line in block.body.partition(b"\n\n")[0].decode().split("\n"):
        name, _, value = line.partition(": ")
        headers.setdefault(name, unquote(value))
    return headers


def progress(fixture: Fixture) -> list[Channels | None]:
    """The channels before each step of the fixture, and after the last; None while nobody could know them.

    That is from the loss of a connection to the end of the snapshot on the next one.
    """
    stages: list[Channels | None] = [None]
    last: Channels = {}
    taking = _Taking()
    known = False
    for step in fixture.steps:
        if isinstance(step, Mark):
            known = known and step.event != "lost"
            taking = taking if known else _Taking()
        else:
            event = event_of(step)
            taking.hear(step, event)
            if not known and taking.is_whole:
                known, last = True, taking.channels(last)
            last = _after(last, event)
        stages.append(last if known else None)
    return stages


class _Taking:
    """The lists and dumps that the daemon asked for when it came."""

    def __init__(self) -> None:
        self._lists: dict[str, list[Dump]] = {}
        self._dumps: dict[str, str] = {}

    @property
    def is_whole(self) -> bool:
        return len(self._lists) == 2 and len(self._dumps) == len(self._lists["channels"])

    def hear(self, told: Told, event: Dump) -> None:
        output = block_of(told.message).body.partition(b"\n\n")[2].decode().rstrip("\n")
        words = (event.get("Job-Command-Arg") or "").split(" ")
        if event.get("Job-Command") == "show":
            self._lists[words[0]] = json.loads(output).get("rows", [])
        elif event.get("Job-Command") == "uuid_dump":
            self._dumps[words[0]] = output

    def channels(self, before: Channels) -> Channels:
        """As they were told; what is recorded of them was known before."""
        bridges = {leg: _name(row["uuid"], row["b_uuid"]) for row in self._lists["bridged_calls"] for leg in (row["uuid"], row["b_uuid"])}
        found = {leg: _channel(leg, json.loads(dump)) for leg, dump in self._dumps.items() if dump.startswith("{")}
        return {
            leg: replace(one, bridge=bridges.get(leg, ""), talking=leg in bridges, file=before[leg].file if leg in before else "")
            for leg, one in found.items()
        }


def _channel(leg: str, headers: Dump) -> EslChannel:
    return EslChannel(
        name=headers.get("Channel-Name", ""),
        uniqueid=leg,
        linkedid=headers.get("variable_callguard_call") or headers.get("Channel-Call-UUID", ""),
        dump=json.dumps({**headers, **_what_follows(headers)}),
    )


def _what_follows(headers: Dump) -> Dump:
    """A caller's leg waits in a `sleep` that no event tells of."""
    inbound = headers.get("Event-Subclass") == "callguard::inbound"
    return {"variable_current_application": "sleep", "variable_current_application_data": "5000"} if inbound else {}


def _after(channels: Channels, event: Dump) -> Channels:
    leg, name = event.get("Unique-ID", ""), event.get("Event-Name")
    if not leg:
        return channels
    if name == _GONE:
        return {key: one for key, one in channels.items() if key != leg}
    if name == "CHANNEL_HANGUP_COMPLETE":
        return channels
    before = channels.get(leg)
    now: Channel = _channel(leg, event)
    if before is not None:
        now = replace(now, bridge=before.bridge, talking=before.talking, file=before.file)
    return _changed({**channels, leg: now}, event)


def _changed(channels: Channels, event: Dump) -> Channels:
    leg, name = event["Unique-ID"], event.get("Event-Name")
    pair = (event.get("Bridge-A-Unique-ID", ""), event.get("Bridge-B-Unique-ID", ""))
    if name == "CHANNEL_BRIDGE":
        return _each(channels, pair, bridge=_name(*pair), talking=True)
    if name == "CHANNEL_UNBRIDGE":
        return _each(channels, pair, bridge="", talking=False)
    if name == "RECORD_START":
        return {**channels, leg: replace(channels[leg], file=event.get("Record-File-Path", ""))}
    return {**channels, leg: replace(channels[leg], file="")} if name == "RECORD_STOP" else channels


def _each(channels: Channels, legs: tuple[str, str], *, bridge: str, talking: bool) -> Channels:
    return {key: replace(one, bridge=bridge, talking=talking) if key in legs else one for key, one in channels.items()}


def _name(one: str, other: str) -> str:
    return "/".join(sorted((one, other)))


def answer(channels: Channels, command: EslCommand) -> Outcome | None:
    """What the PBX with these channels answers to what a snapshot asks."""
    what, _, more = command.argument.partition(" ")
    if command.name == "show":
        rows = [{"uuid": leg} for leg in channels] if what == "channels" else list(_pairs(channels))
        return Reply(json.dumps({"row_count": len(rows), "rows": rows}))
    one = channels.get(what)
    if command.name == "uuid_dump" and isinstance(one, EslChannel):
        return Reply(one.dump)
    if command.name == "uuid_buglist" and one is not None and not more:
        bug = f"<media-bug>\n <function>session_record</function>\n <target>{one.file}</target>\n</media-bug>\n" if one.file else ""
        return Reply(f"<media-bugs>\n{bug}</media-bugs>")
    return None


def _pairs(channels: Channels) -> Iterator[Dump]:
    for bridge in {one.bridge for one in channels.values() if one.bridge}:
        first, _, second = bridge.partition("/")
        if first in channels and second in channels:
            yield {"uuid": first, "b_uuid": second}
