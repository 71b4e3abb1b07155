"""The phone's codecs against the figures of ITU-T G.711."""

import numpy as np
import pytest

from tests.rig.g711 import Codec, decode, encode

CODECS: tuple[Codec, ...] = ("PCMU", "PCMA")


@pytest.mark.parametrize(
    ("codec", "sample", "code"),
    [
        ("PCMU", 0, 0xFF),
        ("PCMU", 32767, 0x80),
        ("PCMU", -32768, 0x00),
        ("PCMU", 1000, 0xCE),
        ("PCMU", -1000, 0x4E),
        ("PCMA", 0, 0xD5),
        ("PCMA", 32767, 0xAA),
        ("PCMA", -32768, 0x2A),
        ("PCMA", 1000, 0xFA),
        ("PCMA", -1000, 0x7A),
    ],
)
def test_known_samples_have_their_published_codes(codec: Codec, sample: int, code: int) -> None:
    """Codes taken from CPython 3.11's audioop, which follows the ITU reference code."""
    assert encode(np.array([sample / 32768], dtype=np.float32), codec) == bytes([code])


@pytest.mark.parametrize("codec", CODECS)
def test_every_code_comes_back_as_itself(codec: Codec) -> None:
    every = bytes(range(256))
    back = encode(decode(every, codec), codec)
    different = [code for code, again in zip(every, back, strict=True) if code != again]
    # μ-law has a negative zero, which nobody can tell from the positive one.
    assert different == ([0x7F] if codec == "PCMU" else [])


@pytest.mark.parametrize("codec", CODECS)
def test_noise_stays_35_db_below_the_sound_at_any_usual_level(codec: Codec) -> None:
    """The reason for a logarithmic code: the noise follows the level."""
    for level in (0.5, 0.1, 0.02):
        sound = level * np.sin(2 * np.pi * 1013 * np.arange(8000) / 8000)
        noise = decode(encode(sound, codec), codec) - sound
        assert 10 * np.log10(np.mean(sound**2) / np.mean(noise**2)) > 35


@pytest.mark.parametrize("codec", CODECS)
def test_sound_beyond_full_scale_is_clipped_and_not_wrapped(codec: Codec) -> None:
    back = decode(encode(np.array([3.0, -3.0]), codec), codec)
    assert back[0] > 0.95
    assert back[1] < -0.95
