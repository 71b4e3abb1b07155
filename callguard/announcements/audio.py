"""Sound as it comes, to sound as the PBX plays it: mono, 16 bits, 8 and 16 kHz, without silence around it, at one level.

Pure: bytes and numbers in, bytes and numbers out; every step is integer or exactly rounded arithmetic, so that the same
source gives the same samples (and the same version) on every machine and Python. Samples are plain integers, full scale 32768.

- *Silence*: the caller waits for the first word, so at most 10 ms stay before it and 50 ms after the last. Sound is what reaches
  -40 dB of the loudest 5 ms.
- *Level*: RMS -24 dBFS over the whole prompt, pauses included, or as near to it as a peak of -3 dBFS allows. That is some 3 dB above the
  nominal level of speech on the telephone (-26 dBov, ITU-T P.56) and as loud as synthesised speech can be without cutting its peaks, so
  that all prompts of a voice are equally loud. No compressor: it would tie the samples to tuning that nobody can argue about later.
- *Length*: filled up to whole frames of 20 ms, the packet of a telephone call. So the duration is exact in milliseconds at both
  rates, and what a leg heard can be compared with it, but for the last 44 bytes: Asterisk takes a WAV file's header for part of
  its sound and stops 22 samples early (seen on 22.10). They fall into the silence after the last word.
"""

import io
import math
import struct
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from callguard.announcements.resampling import resample
from callguard.errors import CallguardError

RATES = (8000, 16000)
FULL_SCALE = 32768
TARGET_RMS = 0.0631 * FULL_SCALE
"""-24 dBFS."""

HIGHEST_PEAK = 0.7079 * FULL_SCALE
"""-3 dBFS. Both are literals, as the last bit of a power differs between C libraries."""

FAINTEST_RMS = 0.001 * FULL_SCALE
"""-60 dBFS: below, a file is taken for silence, which no person could have heard."""

LEAD_MS = 10
TAIL_MS = 50
WINDOW_MS = 5
FRAME_MS = 20
SOUND_TO_LOUDEST = 0.01
"""-40 dB: the faintest beginning of a word in synthesised speech lies above, breath and room of a recording below."""

LONGEST_SECONDS = 60
SAMPLE_WIDTH = 2


class AudioError(CallguardError):
    """A sound that cannot become an announcement; the caller knows the file and names it."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples of one channel, and how many there are in a second."""

    rate: int
    samples: Sequence[int]


@dataclass(frozen=True, slots=True)
class Audio:
    """One prompt ready to be played: 16-bit little-endian samples at both rates, and its length."""

    samples_8k: bytes
    samples_16k: bytes

    @property
    def duration_ms(self) -> int:
        """Exact: the samples fill whole frames."""
        return len(self.samples_8k) // SAMPLE_WIDTH * 1000 // RATES[0]


def master(sound: Sound) -> Audio:
    """The sound, trimmed, at both rates and at the level. Raises :class:`AudioError` for silence and for over a minute."""
    if len(sound.samples) > LONGEST_SECONDS * sound.rate:
        raise AudioError(f"longer than {LONGEST_SECONDS} s", remedy="shorten it: nobody waits that long")
    if rms(sound.samples) < FAINTEST_RMS:
        raise AudioError("silent", remedy="nothing below -60 dBFS can be heard; record it again or mend the command")
    speech = trimmed(sound)
    frames = math.ceil(len(speech) * 1000 / (FRAME_MS * sound.rate))
    narrow, wide = (_packed(levelled(resample(speech, sound.rate, rate, length=frames * FRAME_MS * rate // 1000))) for rate in RATES)
    return Audio(narrow, wide)


def trimmed(sound: Sound) -> Sequence[int]:
    """The samples without the silence around them, but for ``LEAD_MS`` and ``TAIL_MS``."""
    width = max(1, sound.rate * WINDOW_MS // 1000)
    edges = [*range(0, len(sound.samples), width), len(sound.samples)]
    energies = [rms(sound.samples[start:end]) for start, end in pairwise(edges)]
    heard = [index for index, energy in enumerate(energies) if energy >= SOUND_TO_LOUDEST * max(energies)]
    first = edges[heard[0]] - sound.rate * LEAD_MS // 1000
    last = edges[heard[-1] + 1] + sound.rate * TAIL_MS // 1000
    return sound.samples[max(0, first) : last]


def levelled(samples: Sequence[int]) -> list[int]:
    """The samples at ``TARGET_RMS``, or less where the peak would pass ``HIGHEST_PEAK``."""
    gain = min(TARGET_RMS / rms(samples), HIGHEST_PEAK / max(map(abs, samples)))
    return [round(sample * gain) for sample in samples]


def rms(samples: Sequence[int]) -> float:
    """Root of the mean square; 0.0 for no samples."""
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) if samples else 0.0


def read_wav(content: bytes) -> Sound:
    """A WAV file's sound, two channels mixed into one. Raises :class:`AudioError` for anything but 16-bit PCM from 8 to 192 kHz."""
    remedy = "convert it: sox in.wav -b 16 -e signed -c 1 -r 48000 out.wav"
    try:
        with wave.open(io.BytesIO(content)) as source:
            channels, width, rate = source.getnchannels(), source.getsampwidth(), source.getframerate()
            expected = source.getnframes() * channels * width
            frames = source.readframes(source.getnframes())
    except (wave.Error, EOFError) as error:
        raise AudioError(f"not a WAV file of plain PCM: {error}".rstrip(": "), remedy=remedy) from error
    if len(frames) != expected:
        raise AudioError(f"cut short: {len(frames)} bytes of sound where its header says {expected}", remedy="copy it again, whole")
    if width != SAMPLE_WIDTH or channels > 2 or not RATES[0] <= rate <= 192_000:
        raise AudioError(f"{channels} channels of {8 * width} bits at {rate} Hz", remedy=remedy)
    values = struct.unpack(f"<{len(frames) // SAMPLE_WIDTH}h", frames)
    return Sound(rate, values if channels == 1 else [(left + right) // 2 for left, right in zip(values[::2], values[1::2], strict=True)])


def wav(samples: bytes, rate: int) -> bytes:
    """A WAV file of mono 16-bit samples, with the plain 44-byte header that Asterisk's ``wav`` and ``wav16`` formats ask for."""
    target = io.BytesIO()
    with wave.open(target, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(SAMPLE_WIDTH)
        output.setframerate(rate)
        output.writeframes(samples)
    return target.getvalue()


def wav_samples(content: bytes) -> bytes:
    """The samples of a file that :func:`wav` wrote. Raises :class:`AudioError` if it is none."""
    return _packed(read_wav(content).samples)


def _packed(samples: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)
