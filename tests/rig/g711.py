"""G.711 as two lookup tables each way: μ-law and A-law bytes to and from 16-bit samples.

The standard library's audioop left Python in 3.13, and a phone that encodes a frame every 20 ms must not compute logarithms, so the
tables are worked out once at import. Sound outside this module is float, full scale ±1.0, at 8 kHz.

Source: ITU-T G.711, tables 1 and 2; the bit layout is the usual one (A-law with even bits inverted, μ-law all bits inverted).
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Codec = Literal["PCMU", "PCMA"]

RATE = 8000
FULL_SCALE = 32768.0
SILENCE: dict[Codec, int] = {"PCMU": 0xFF, "PCMA": 0xD5}

_BIAS = 132
_CLIP = 32635


def _ulaw_of_every_sample() -> npt.NDArray[np.uint8]:
    """The μ-law byte of each 16-bit sample, indexed by sample + 32768."""
    samples = np.arange(-32768, 32768)
    magnitude = np.minimum(np.abs(samples), _CLIP) + _BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int64) - 7
    step = (magnitude >> (segment + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    code: npt.NDArray[np.uint8] = (~(sign | (segment << 4) | step) & 0xFF).astype(np.uint8)
    return code


def _sample_of_every_ulaw() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + _BIAS) << ((code >> 4) & 7)) - _BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) / FULL_SCALE).astype(np.float32)


def _alaw_of_every_sample() -> npt.NDArray[np.uint8]:
    """The A-law byte of each 16-bit sample, indexed by sample + 32768."""
    samples = np.arange(-32768, 32768)
    magnitude = np.where(samples < 0, ~samples, samples) >> 4
    segment = np.floor(np.log2(np.maximum(magnitude, 8))).astype(np.int64) - 3
    upper = (segment << 4) | ((magnitude >> np.maximum(segment - 1, 0)) & 0x0F)
    code = np.where(magnitude > 15, upper, magnitude) | np.where(samples < 0, 0, 0x80)
    return (code ^ 0x55).astype(np.uint8)


def _sample_of_every_alaw() -> Samples:
    code = np.arange(256) ^ 0x55
    segment, step = (code >> 4) & 7, (code & 0x0F) << 4
    magnitude = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) / FULL_SCALE).astype(np.float32)


_ENCODE: dict[Codec, npt.NDArray[np.uint8]] = {"PCMU": _ulaw_of_every_sample(), "PCMA": _alaw_of_every_sample()}
_DECODE: dict[Codec, Samples] = {"PCMU": _sample_of_every_ulaw(), "PCMA": _sample_of_every_alaw()}


def encode(samples: npt.NDArray[np.floating], codec: Codec) -> bytes:
    """One byte a sample; sound beyond full scale is clipped."""
    linear = np.clip(np.rint(np.asarray(samples, dtype=np.float64) * FULL_SCALE), -32768, 32767).astype(np.int64)
    return _ENCODE[codec][linear + 32768].tobytes()


def decode(payload: bytes, codec: Codec) -> Samples:
    """Full scale ±1.0, one sample a byte."""
    return _DECODE[codec][np.frombuffer(payload, dtype=np.uint8)]
