"""What somebody heard, measured by its sound: which announcements and how much of each, and for how long the other's voice.

An announcement is found by correlation with its audio, as a whole to know where it is, and then half second after half second to know how
much of it is there: on a busy machine a frame that comes late moves all that follows, and nobody hears that. What was heard whole is cut
out first; what is left of the question is then looked for in the stretch up to the next thing that was heard.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.demo.plays import Tone
from tests.rig.call import PhoneCall
from tests.rig.g711 import Samples
from tests.rig.sound import RATE, correlate, tone_seconds

WHOLE: Final = 0.9
"""From this correlation on a prompt was heard whole: G.711 costs 0.02, the loss of one frame in eighty 0.01."""

PIECE: Final = RATE // 2
SLACK: Final = RATE // 4
"""Samples: the pieces of a prompt, and how far each may lie from where it should."""

LEAST_S: Final = 0.5
"""Less than that of an announcement is nothing that anybody heard."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One announcement in somebody's ear: from when on (monotonic), for how many seconds, and how well it fits (0 … 1)."""

    name: str
    begun: float
    seconds: float
    match: float
    whole: bool


def announcements(call: PhoneCall, prompts: Mapping[str, Samples]) -> list[Heard]:
    """All that were heard whole, and the part of the first one of these that was not, in order."""
    sound = call.heard()
    whole = [heard for name, prompt in prompts.items() for heard in _whole(call, sound, name, prompt)]
    question, prompt = next(iter(prompts.items()))
    end = min((heard.begun for heard in whole), default=call.ended_at or call.started_at)
    part = None if any(heard.name == question for heard in whole) else _part(call, end, question, prompt)
    return sorted([*whole, *([part] if part else [])], key=lambda heard: heard.begun)


def _whole(call: PhoneCall, sound: Samples, name: str, prompt: Samples) -> Iterator[Heard]:
    """Each time it was heard whole; silence is put in its place."""
    while True:
        match, offset = _found(sound, prompt)
        if match < WHOLE:
            return
        yield Heard(name, call.started_at + offset, len(prompt) / RATE, match, whole=True)
        first = max(0, round(offset * RATE))
        sound[first : first + len(prompt)] = 0


def _found(sound: Samples, prompt: Samples) -> tuple[float, float]:
    """How much of the prompt is there, by its power, and when it begins."""
    # Silence around what was heard keeps a part of the prompt from counting as the whole of something shorter.
    padded = np.concatenate((np.zeros(SLACK, np.float32), sound, np.zeros(len(prompt) + PIECE, np.float32)))
    offset = max(0.0, correlate(padded, prompt)[1])
    pieces = [(first, prompt[first : first + PIECE]) for first in range(0, len(prompt) - PIECE + 1, PIECE)]
    places = [max(0, round(offset * RATE) + first - SLACK) for first, _ in pieces]
    matches = [correlate(padded[at : at + PIECE + 2 * SLACK], piece)[0] for at, (_, piece) in zip(places, pieces, strict=True)]
    return float(np.average(matches, weights=[np.square(piece).sum() for _, piece in pieces])), offset - SLACK / RATE


def _part(call: PhoneCall, end: float, name: str, prompt: Samples) -> Heard | None:
    """The beginning of the prompt, in what was heard from the answer to that moment."""
    begun = call.answered_at or call.started_at
    match, offset = correlate(call.heard(begun, end), prompt)
    seconds = end - begun - max(0.0, offset)
    return Heard(name, begun + offset, seconds, match, whole=False) if match > WHOLE / 2 and seconds > LEAST_S else None


def voice_seconds(call: PhoneCall, tone: Tone) -> float:
    """For how long a tone of the other side was heard."""
    return tone_seconds(call.heard(), tone)


def ringing_seconds(call: PhoneCall) -> float:
    """For how long the PBX rang by sound: 425 Hz, as in most of Europe."""
    return tone_seconds(call.heard(), 425)
