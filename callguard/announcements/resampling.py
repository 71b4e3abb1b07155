"""Changing the sample rate with a proper low-pass: a polyphase filter, windowed sinc (Blackman), in the standard library.

Why not a tool: sox or ffmpeg would be one more package that every installation needs for some seconds of work on the day of the
set-up, and its result changes with its version, while an announcement's version is a hash of its samples. Prompts are short and
rare, so plain Python is fast enough (10 s of speech to both rates in about 1 s), and what would fold back is down by more than
70 dB; the tests measure both. The arithmetic is integer, so that a sum does not depend on the Python version (3.12 changed how
floats are summed).
"""

import math
from collections.abc import Sequence
from operator import mul

SHIFT = 18
"""Bits after the point of the filter's coefficients: their rounding lies below the noise of 16-bit samples, and it swallows the last bit in
which the sines of two C libraries may differ."""

CUTOFF = 0.925
TRANSITION = 0.15
"""Of half the lower rate: at 8 kHz speech passes whole up to 3400 Hz, as on the telephone, and nothing is left from 4000 Hz on."""

BLACKMAN_WIDTH = 5.5
"""Taps times transition width in cycles a sample, for a Blackman window (Oppenheim and Schafer, table 7.2)."""


def resample(samples: Sequence[int], source: int, target: int, *, length: int) -> list[int]:
    """``length`` samples at rate ``target`` from samples at rate ``source`` (both Hz); beyond the end there is silence.

    The result may pass the 16-bit range where the source is at full scale: it is for the caller to set the level.
    """
    common = math.gcd(source, target)
    up, down = target // common, source // common
    phases = _phases(source, target, up)
    taps = len(phases[0])
    padded = [0] * (taps // 2 - 1) + list(samples)
    padded += [0] * max(0, length * down // up + taps - len(padded))
    resampled = []
    for index in range(length):
        start, phase = divmod(index * down, up)
        resampled.append((sum(map(mul, phases[phase], padded[start : start + taps])) + (1 << SHIFT - 1)) >> SHIFT)
    return resampled


def _phases(source: int, target: int, up: int) -> list[list[int]]:
    """The filter's coefficients for each of the ``up`` places that a new sample can have between two old ones."""
    nyquist = min(source, target) / 2 / source
    half = math.ceil(BLACKMAN_WIDTH / (TRANSITION * nyquist) / 2)
    return [[_coefficient(half - 1 - tap + phase / up, half, 2 * CUTOFF * nyquist) for tap in range(2 * half)] for phase in range(up)]


def _coefficient(distance: float, half: int, bandwidth: float) -> int:
    turn = math.pi * distance
    sinc = math.sin(bandwidth * turn) / turn if turn else bandwidth
    window = 0.42 + 0.5 * math.cos(turn / half) + 0.08 * math.cos(2 * turn / half)
    return round(sinc * window * (1 << SHIFT))
