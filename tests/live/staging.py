"""How a call is put on stage: who speaks which tone in which phase, how several calls run side by side, and what was heard of them.

Everybody speaks another tone in each phase, high enough not to be taken for one of speech. `Tone` names the phase in which it is spoken.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

import numpy as np

from tests.rig.g711 import Samples
from tests.rig.phone import PhoneCall
from tests.rig.site import QUESTION_SECONDS
from tests.rig.sound import RATE, contains_tone, correlate, tone_seconds

PLAYERS: Final = 4
"""Calls at a time: the phones, the PBX and the daemon share two cores."""

KEY_BOUND_S: Final = 1.2
"""How long the policies of the house wait for a key."""

PAUSE_BOUND_S: Final = 0.15
"""A transfer joins first and tells afterwards."""

WHOLE: Final = 0.9
"""From this correlation on a prompt was heard whole: G.711 costs 0.02, the loss of one frame in eighty 0.01."""

SHORTEST_JUMP, LONGEST_JUMP = 160, 3 * 160
"""Samples of nothing at all; a prompt has no such silence in it."""

SWITCH_S: Final = 0.08
"""After this long the PBX has heard the last of one tone and hears the next."""


class Tone(IntEnum):
    """Hz."""

    BEFORE = 1000
    WAITING = 1200
    RINGING = 1400
    TALK = 1600
    REPLY = 1900
    AFTER = 2200
    LEFT = 2500


@dataclass(frozen=True, slots=True)
class Scene:
    """A call that has been played: both ends of it, and when what was done (monotonic seconds)."""

    number: str
    outside: PhoneCall
    inside: PhoneCall | None = None
    marks: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of the outside party of a played call.

    `complete` speaks of the announcement as it was last said; `asked` is how often the question is heard whole, None where none is put.
    """

    decision: str
    how: str
    key: str | None
    complete: bool
    asked: int | None

    @property
    def recorded(self) -> bool:
        return self.decision in ("stayed", "granted")


Play = Callable[[], Scene]


class Stage:
    """Plays calls side by side, a few at a time; asking for one that is still being played waits for its end."""

    def __init__(self, plays: Mapping[str, Play]) -> None:
        self._pool = ThreadPoolExecutor(PLAYERS)
        self._futures = {name: self._pool.submit(_play, play) for name, play in plays.items()}

    def scene(self, name: str) -> Scene:
        """The played call; what went wrong in it is raised here."""
        return self._futures[name].result(60)

    def close(self) -> None:
        """Begin no more calls, and wait for those that are being played."""
        self._pool.shutdown(cancel_futures=True)


def _play(play: Play) -> Scene:
    scene = play()
    for call in (scene.outside, scene.inside):
        if call is not None:
            call.hang_up()
            call.wait_ended(3)
    return scene


def hold(until: float) -> None:
    """Sleep to that monotonic time."""
    time.sleep(max(0.0, until - time.monotonic()))


def switch(call: PhoneCall, tone: int | None) -> None:
    """Speak another tone, or nothing, and go on when the PBX can hear nothing of the one before."""
    call.speak(tone)
    time.sleep(SWITCH_S)


def await_tone(call: PhoneCall, tone: int, bound_s: float = 8.0) -> None:
    """Until this person hears the tone. Only the last tenth of a second is looked at: much measuring keeps the phones from speaking."""
    call.wait_until(f"{tone} Hz", lambda: contains_tone(call.heard(time.monotonic() - 0.1), tone), bound_s)


def await_question(call: PhoneCall, times: int = 1, margin_s: float = 0.3) -> None:
    """Until the prompt has been said so many times, each but the last followed by a wait for a key that ran out; then a little more."""
    call.wait_answered(5)
    assert call.answered_at is not None
    hold(call.answered_at + times * QUESTION_SECONDS + (times - 1) * KEY_BOUND_S + margin_s)


def talk(outside: PhoneCall, inside: PhoneCall, seconds: float = 1.0) -> None:
    """Both are bridged or about to be: each speaks its own tone for a while."""
    outside.speak(Tone.TALK)
    inside.speak(Tone.REPLY)
    time.sleep(seconds)


def part(leaving: PhoneCall, staying: PhoneCall, seconds: float = 0.3) -> None:
    """One hangs up; the other speaks on for a while."""
    leaving.hang_up()
    time.sleep(SWITCH_S)
    staying.speak(Tone.AFTER)
    time.sleep(seconds)


def heard_of(call: PhoneCall, prompt: Samples) -> float:
    """How much of the prompt this person heard, 0 … 1; one who was cut off in the middle of it gets about 0.7."""
    return _found(call.heard(), prompt)[0]


def heard_whole(call: PhoneCall, prompt: Samples) -> tuple[float, float]:
    """When the prompt began and ended in this person's ear, monotonic; fails unless it was heard whole."""
    score, offset = _found(call.heard(), prompt)
    assert score > WHOLE, f"heard only {score:.2f} of the prompt"
    begun = call.started_at + offset
    return begun, begun + len(prompt) / RATE


def times_heard(call: PhoneCall, prompt: Samples) -> int:
    """How often this person heard the prompt whole."""
    sound, times = call.heard(), 0
    while True:
        score, offset = _found(sound, prompt)
        if score < WHOLE:
            return times
        times += 1
        first = max(0, round(offset * RATE))
        sound[first : first + len(prompt)] = 0


def _found(heard: Samples, prompt: Samples) -> tuple[float, float]:
    score, offset = _correlated(heard, prompt)
    return (score, offset) if score > WHOLE else max((score, offset), _correlated(_without_jumps(heard), prompt))


def _correlated(heard: Samples, prompt: Samples) -> tuple[float, float]:
    """Silence behind what was heard keeps a part of the prompt from counting as the whole of something shorter."""
    return correlate(np.concatenate((heard, np.zeros_like(prompt))), prompt)


def _without_jumps(heard: Samples) -> Samples:
    """Without the holes of a frame or two that FreeSWITCH's timer leaves when a loaded machine has it come late.

    It says nothing less for that: sequence numbers go on, timestamps jump, and behind the hole comes the very next sample.
    """
    silent = np.concatenate(([False], heard == 0, [False]))
    edges = np.flatnonzero(np.diff(silent.astype(np.int8)))
    kept = np.ones(len(heard), dtype=np.bool_)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        kept[first:last] = not SHORTEST_JUMP <= last - first <= LONGEST_JUMP
    return heard[kept]


def holds(sound: Samples, *tones: Tone) -> list[Tone]:
    """Which of these tones are in the sound for a quarter of a second or more."""
    return [tone for tone in tones if tone_seconds(sound, tone) > 0.25]


def traces(sound: Samples, *tones: Tone) -> list[Tone]:
    """Which of these tones are in the sound at all."""
    return [tone for tone in tones if contains_tone(sound, tone)]


def instant(text: str | None) -> datetime:
    """A time of the JSON output: ISO 8601 in UTC, to the millisecond, with Z."""
    assert text is not None
    assert text.endswith("Z"), text
    assert len(text) == len("2026-01-01T00:00:00.000Z"), text
    return datetime.fromisoformat(text)


def outside_party(call: dict[str, Any]) -> dict[str, Any]:
    """The data subject of a call between two people."""
    role = "caller" if call["direction"] == "inbound" else "callee"
    found: dict[str, Any] = next(party for party in call["parties"] if party["role"] == role)
    return found
