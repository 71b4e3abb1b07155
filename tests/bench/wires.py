"""What passes between daemon and PBX, as the bench reads it: where a message ends, and which order is caused by which event.

An inbound call under a notice has three such pairs, found by the leg: handed over → play the notice; notice ended → go on; in the bridge →
record. Each has a durable commit in it. Other messages are of no leg, which is the empty string.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from callguard.pbx.esl_facts import WAITING
from callguard.pbx.esl_wire import Headers, Splitter
from tests.bench.relay import Cut

LegOf = Callable[[bytes], str]
"""The leg that a message is about, where it is one of a kind."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An event, and the order that is given because of it."""

    event: LegOf
    order: LegOf


@dataclass(frozen=True, slots=True)
class Wire:
    """How the two directions are cut, each by a cut of its own for every stream; and the pairs by what is ordered."""

    from_pbx: Callable[[], Cut]
    from_daemon: Callable[[], Cut]
    pairs: Mapping[str, Pair]


def at_each(end: bytes) -> Callable[[], Cut]:
    """Messages that end so."""

    def fresh() -> Cut:
        held = b""

        def cut(segment: bytes) -> list[bytes]:
            nonlocal held
            *whole, held = (held + segment).split(end)
            return whole

        return cut

    return fresh


def blocks() -> Cut:
    """Events of ESL."""
    splitter = Splitter(1 << 13, 1 << 23)
    return lambda segment: [block.body for block in splitter.feed(segment)]


def header(lines: bytes, name: bytes) -> str:
    """The first value of a header of AMI; empty when there is none."""
    _, found, rest = (b"\r\n" + lines).partition(b"\r\n" + name + b": ")
    return rest.partition(b"\r\n")[0].decode() if found else ""


def ami(name: bytes, value: str, also: Callable[[bytes], bool] = lambda _lines: True) -> LegOf:
    """Messages of AMI by their first header; a leg goes by the name of its channel."""
    return lambda lines: header(lines, b"Channel") if header(lines, name) == value and also(lines) else ""


def agi(command: str) -> LegOf:
    """An order by way of AGI."""
    return ami(b"Action", "AGI", lambda lines: header(lines, b"Command").startswith(command))


def notice_ended(lines: bytes) -> bool:
    """The first step is the notice."""
    return header(lines, b"CommandId").startswith("callguard/1/")


def esl(name: str, also: Callable[[Headers], bool] = lambda _told: True) -> LegOf:
    """Events of ESL by name, or by subclass."""

    def leg_of(event: bytes) -> str:
        told = Headers(event)
        named = name in (told.get("Event-Name"), told.get("Event-Subclass"))
        return (told.get("Unique-ID") or "") if named and also(told) else ""

    return leg_of


def waits_again(told: Headers) -> bool:
    """The silence behind an order, not the first one."""
    return told.get("Playback-File-Path") in WAITING and told.get("variable_callguard_step") is not None


def command(name: str, beginning: str) -> LegOf:
    """A command of ESL about a leg, by its name and how what follows the leg begins."""

    def leg_of(text: bytes) -> str:
        _, _, rest = text.decode().partition(f"{name} ")
        leg, _, argument = rest.partition(" ")
        return leg if argument.startswith(beginning) else ""

    return leg_of


AMI: Final = Wire(
    at_each(b"\r\n\r\n"),
    at_each(b"\r\n\r\n"),
    {
        "play": Pair(ami(b"Event", "AsyncAGIStart"), agi("STREAM FILE")),
        "go on": Pair(ami(b"Event", "AsyncAGIExec", notice_ended), agi("ASYNCAGI BREAK")),
        "record": Pair(ami(b"Event", "BridgeEnter"), ami(b"Action", "MixMonitor")),
    },
)

ESL: Final = Wire(
    blocks,
    at_each(b"\n\n"),
    {
        "play": Pair(esl("callguard::inbound"), command("uuid_setvar", "callguard_order announce")),
        "go on": Pair(esl("PLAYBACK_START", waits_again), command("uuid_setvar", "callguard_order release")),
        "record": Pair(esl("CHANNEL_BRIDGE"), command("uuid_record", "start")),
    },
)
