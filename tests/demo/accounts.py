"""What became of each call: what was heard, by its sound, and what `callguard calls` tells of it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tests.demo import hearing
from tests.demo.hearing import Heard
from tests.demo.plays import Play, Played, Tone
from tests.rig.call import PhoneCall
from tests.rig.g711 import Samples
from tests.rig.phone import OutgoingCall
from tests.rig.site import Site
from tests.rig.sound import RATE, tone_seconds

Lines = Iterator[tuple[str, str]]

VERSION_SHORT: Final = 12
"""As in the names of the sound files and in `callguard announcements list`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A call and what is promised of it. `heard` is what the outside person hears whole, in order."""

    title: str
    play: Play
    question: str
    heard: tuple[str, ...]
    decision: str
    how: str
    recorded: bool


@dataclass(frozen=True, slots=True)
class Account:
    """A call that is over; `call` is as `calls --json` tells it, `sound` that of its recording."""

    kind: Kind
    played: Played
    call: dict[str, Any]
    heard: list[Heard]
    sound: Samples | None
    sha256: str | None
    version: str
    question_ms: int

    @property
    def person(self) -> dict[str, Any]:
        """The outside party, whose consent it is about."""
        role = "caller" if self.call["direction"] == "inbound" else "callee"
        found: dict[str, Any] = next(party for party in self.call["parties"] if party["role"] == role)
        return found

    @property
    def recording(self) -> dict[str, Any] | None:
        """The only recording, if there is one."""
        return next(iter(self.call["recordings"]), None)


def account(site: Site, kind: Kind, played: Played, call: dict[str, Any]) -> Account:
    """Listen to what was heard and to what was recorded."""
    prompts = {name: site.sound_of(name) for name in (kind.question, "thank-you", "refused")}
    heard = hearing.announcements(played.outside, prompts)
    recording = next(iter(call["recordings"]), None)
    path = site.recordings / recording["path"] if recording else None
    present = path is not None and path.exists()
    sound = site.recorded(call) if present else None
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and present else None
    question = site.prompt(kind.question)
    return Account(kind, played, call, heard, sound, sha256, question.version, question.duration_ms)


def told(account: Account) -> Lines:
    """The call in words."""
    inbound = account.call["direction"] == "inbound"
    yield ("caller" if inbound else "callee"), _outside(account)
    yield "agent", _agent(account.played)
    yield "decision", _decision(account)
    yield "recording", _recording(account)


def _outside(account: Account) -> str:
    heard = ", then ".join(map(_prompt, account.heard)) or "nothing"
    pressed = f"; pressed {account.played.pressed}" if account.played.pressed else "; pressed nothing"
    voice = hearing.voice_seconds(account.played.outside, Tone.REPLY)
    then = f"; then the agent for {voice:.1f} s" if account.played.inside else "; hung up"
    return f"heard {heard}{pressed}{then}"


def _prompt(heard: Heard) -> str:
    part = "whole, " if heard.whole else "the first "
    return f"{heard.name} ({part}{heard.seconds:.1f} s, match {heard.match:.2f})"


def _agent(played: Played) -> str:
    inside = played.inside
    if inside is None or inside.answered_at is None or played.outside.answered_at is None:
        return "was never rung"
    before = hearing.voice_seconds(inside, Tone.ASKED)
    voice = f"heard {hearing.voice_seconds(inside, Tone.TALK):.1f} s of the conversation and {before:.1f} s from before it"
    return f"{_ringing(inside, played.outside.answered_at)}; {voice}"


def _ringing(inside: PhoneCall, answered_at: float) -> str:
    if isinstance(inside, OutgoingCall):
        return f"heard ringing ({hearing.ringing_seconds(inside):.1f} s of tone) while the callee was asked"
    return f"was rung {inside.started_at - answered_at:.1f} s after the caller got through"


def _decision(account: Account) -> str:
    person, inside = account.person, [party for party in account.call["parties"] if party is not account.person]
    how = f"key {person['key']}" if person["key"] else {"stayed": "by staying on the line"}.get(person["how"], "without a key")
    heard = f"{person['heard_ms']} of {account.question_ms} ms heard, {'whole' if person['complete'] else 'not whole'}"
    version = (person["announcement"] or "-")[:VERSION_SHORT]
    others = "; the agent's is not required" if inside else ""
    return f"{person['decision']}, {how}, at {clock(person['decided_at'])}; {account.kind.question} {version}, {heard}{others}"


def _recording(account: Account) -> str:
    one, sound = account.recording, account.sound
    if one is None or sound is None:
        return "none"
    voices = f"{tone_seconds(sound, Tone.TALK):.1f} s of the outside voice, {tone_seconds(sound, Tone.REPLY):.1f} s of the agent's"
    return f"{len(sound) / RATE:.1f} s ({voices}), {one['size']} bytes, {one['path']}; expires {one['expires_at']}"


def clock(text: str) -> str:
    """Time of day to the millisecond, UTC."""
    return f"{datetime.fromisoformat(text):%H:%M:%S.%f}"[:-3] + "Z"
