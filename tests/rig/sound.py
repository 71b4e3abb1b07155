"""Measures of sound, by which the tests prove who heard what and when.

Sound is float, full scale ±1.0, 8 kHz unless a rate is given. A tone is found by its share of the power in a window of 20 ms, not by
its level alone: neither the quantisation noise of G.711 (about 38 dB below the sound, spread over the band) nor white noise puts a
quarter of its power on one frequency, while a tone that fills the window puts all of it there. Windows start every 5 ms, so that a
tone of 20 ms fills one of them nearly whole wherever it lies, and a span is known to about 10 ms. Two tones are told apart when they
are 100 Hz or more from each other; speech has power everywhere below 1 kHz, so tones that must be told from speech belong above that.

Sources: Goertzel's filter as a projection; ITU-T P.56 for why levels are in dB relative to overload.
"""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]

RATE = 8000
WINDOW_S = 0.02
HOP_S = 0.005
SHARE = 0.25
TONE_FLOOR_DB = -45.0
FLOOR_DB = -120.0

_MOST_BESIDE_SOUND = 1024  # bytes of a WAV that are header and tags


def tone(frequency: float, seconds: float, rate: int = RATE, level: float = -10.0) -> Sound:
    """A sine whose RMS level is so many dB below full scale."""
    at = np.arange(round(seconds * rate)) / rate
    amplitude = np.sqrt(2) * 10 ** (level / 20)
    return np.asarray(amplitude * np.sin(2 * np.pi * frequency * at), dtype=np.float32)


def level_db(sound: Sound) -> float:
    """RMS in dB relative to full scale; -120 for silence and for nothing at all."""
    power = float(np.mean(np.square(sound, dtype=np.float64))) if len(sound) else 0.0
    return max(FLOOR_DB, 10 * np.log10(power)) if power > 0 else FLOOR_DB


def contains_tone(sound: Sound, frequency: float, rate: int = RATE, share: float = SHARE) -> bool:
    """Whether the frequency has this share of the power in any 20 ms."""
    return bool(_tone_windows(sound, frequency, rate, share).any())


def tone_spans(sound: Sound, frequency: float, rate: int = RATE, share: float = SHARE) -> list[tuple[float, float]]:
    """When the frequency is there: (start, end) in seconds, each to about 10 ms."""
    # A window speaks for its middle hop.
    margin = (WINDOW_S - HOP_S) / 2
    return [(first * HOP_S + margin, last * HOP_S + margin) for first, last in _runs(_tone_windows(sound, frequency, rate, share))]


def tone_seconds(sound: Sound, frequency: float, rate: int = RATE, share: float = SHARE) -> float:
    """For how many seconds in all the frequency is there."""
    return sum(end - start for start, end in tone_spans(sound, frequency, rate, share))


def first_sound(sound: Sound, threshold_db: float = -40.0, rate: int = RATE) -> float | None:
    """When the level first rises over the threshold, in seconds, to 5 ms; None when it never does."""
    loud = np.flatnonzero(_hop_levels(sound, rate) > threshold_db)
    return float(loud[0] * HOP_S) if len(loud) else None


def silence_spans(sound: Sound, min_seconds: float, rate: int = RATE, threshold_db: float = -50.0) -> list[tuple[float, float]]:
    """Where the level stays under the threshold for at least so long: (start, end) in seconds."""
    spans = [(first * HOP_S, last * HOP_S) for first, last in _runs(_hop_levels(sound, rate) <= threshold_db)]
    return [(start, end) for start, end in spans if end - start >= min_seconds]


def correlate(heard: Sound, reference: Sound, rate: int = RATE) -> tuple[float, float]:
    """How well one fits the other at the best place: (0 … 1, when the reference begins in what was heard, in seconds).

    The score is against the whole of the shorter one: a caller who heard a third of an announcement, with silence behind it, gets about
    0.6, and one who hung up in the middle gets 1.0 at an offset from which the reference runs beyond what was heard. The offset is negative
    when what was heard begins inside the reference.
    """
    if not len(heard) or not len(reference):
        return 0.0, 0.0
    longer, shorter = (heard, reference) if len(heard) >= len(reference) else (reference, heard)
    size = 2 ** int(np.ceil(np.log2(len(longer) + len(shorter))))
    products = np.fft.irfft(np.fft.rfft(longer, size) * np.conj(np.fft.rfft(shorter, size)), size)
    lags = np.arange(1 - len(shorter), len(longer))
    scores = np.abs(products[lags]) / (_overlap_norms(longer, len(shorter), lags) * np.linalg.norm(shorter) + 1e-9)
    best = int(np.argmax(scores))
    offset = lags[best] if longer is heard else -lags[best]
    return min(1.0, float(scores[best])), float(offset / rate)


def read_wav(path: Path) -> tuple[int, Sound]:
    """Rate and sound, channels mixed into one. ValueError when it is not 16-bit PCM or holds other than its header says."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: {8 * file.getsampwidth()}-bit samples, only 16-bit can be read")
        frame_size, declared = 2 * file.getnchannels(), file.getnframes()
        content = file.readframes(declared)
        rate, channels = file.getframerate(), file.getnchannels()
    # A PBX that was killed leaves a header that says nothing over good sound.
    size, riff_size = path.stat().st_size, int.from_bytes(path.read_bytes()[4:8], "little")
    if len(content) != declared * frame_size or size != riff_size + 8 or size - len(content) > _MOST_BESIDE_SOUND:
        raise ValueError(f"{path}: the header says {declared} frames in {riff_size + 8} bytes, the file has {size} bytes")
    samples = np.frombuffer(content, dtype="<i2").reshape(-1, channels)
    return rate, (samples.mean(axis=1) / 32768).astype(np.float32)


def write_wav(path: Path, sound: Sound, rate: int = RATE) -> None:
    """Mono, 16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.clip(np.rint(sound * 32768), -32768, 32767).astype("<i2").tobytes())


def _tone_windows(sound: Sound, frequency: float, rate: int, share: float) -> npt.NDArray[np.bool_]:
    """For the window at each hop, whether the frequency has the share of its power and is loud enough."""
    length = round(WINDOW_S * rate)
    if len(sound) < length:
        return np.zeros(0, dtype=np.bool_)
    windows = np.lib.stride_tricks.sliding_window_view(sound, length)[:: round(HOP_S * rate)]
    at = 2 * np.pi * frequency * np.arange(length) / rate
    in_tone = 2 * ((windows @ np.cos(at)) ** 2 + (windows @ np.sin(at)) ** 2) / length**2
    power = np.mean(np.square(windows, dtype=np.float64), axis=1)
    found: npt.NDArray[np.bool_] = (in_tone > share * power) & (in_tone > 10 ** (TONE_FLOOR_DB / 10))
    return found


def _hop_levels(sound: Sound, rate: int) -> npt.NDArray[np.float64]:
    length = round(HOP_S * rate)
    hops = sound[: len(sound) // length * length].reshape(-1, length)
    power = np.mean(np.square(hops, dtype=np.float64), axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of true, as (first, one behind the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _overlap_norms(longer: Sound, length: int, lags: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The norm of the part of `longer` under a window of that length at each lag; near-silence counts as a little noise."""
    energy = np.concatenate(([0.0], np.cumsum(np.square(longer, dtype=np.float64))))
    under = energy[np.clip(lags + length, 0, len(longer))] - energy[np.clip(lags, 0, len(longer))]
    floor = 1e-3 * energy[-1] * length / len(longer)
    norms: npt.NDArray[np.float64] = np.sqrt(np.maximum(under, floor))
    return norms
