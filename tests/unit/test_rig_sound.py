"""The measures by which the live tests prove things must themselves be right: with noise, through G.711, at the edges."""

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.rig.g711 import Codec, decode, encode
from tests.rig.sound import (
    Sound,
    contains_tone,
    correlate,
    first_sound,
    level_db,
    read_wav,
    silence_spans,
    tone,
    tone_seconds,
    tone_spans,
    write_wav,
)

CODECS: tuple[Codec, ...] = ("PCMU", "PCMA")
TONES = (697.0, 1000.0, 1633.0, 2300.0, 3100.0)


def through(sound: Sound, codec: Codec = "PCMA") -> Sound:
    """As it arrives over the telephone."""
    return decode(encode(sound, codec), codec)


def noise(seconds: float, level: float, seed: int = 1) -> Sound:
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * 8000))
    return (drawn * 10 ** (level / 20)).astype(np.float32)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * 8000), dtype=np.float32)


def speechlike(seconds: float, seed: int = 7) -> Sound:
    """Noise whose band and level wander, so that no two stretches are alike."""
    coloured = np.convolve(noise(seconds, -20, seed), np.hanning(9), mode="same")
    beat = np.repeat(np.random.default_rng(seed).uniform(0.02, 0.3, round(seconds * 10)), 800)
    return (coloured * beat).astype(np.float32)


def test_level_of_a_tone_is_what_was_asked_for_and_silence_has_a_floor() -> None:
    assert level_db(tone(1000, 1, level=-17)) == pytest.approx(-17, abs=0.01)
    assert level_db(silence(1)) == -120
    assert level_db(silence(0)) == -120


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("offset", [0, 37, 80, 139])
@pytest.mark.parametrize("frequency", TONES)
def test_twenty_milliseconds_of_a_tone_are_found_wherever_they_lie(frequency: float, offset: int, codec: Codec) -> None:
    sound = silence(1)
    sound[4000 + offset : 4160 + offset] = tone(frequency, 0.02, level=-25)
    assert contains_tone(through(sound, codec), frequency)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("other", TONES)
def test_the_noise_of_g711_is_never_taken_for_another_tone(other: float, codec: Codec) -> None:
    """At every level, as quantisation noise is relative to it."""
    for frequency in set(TONES) - {other}:
        for level in (-3.5, -20, -40):
            assert not contains_tone(through(tone(other, 2, level=level), codec), frequency)


@pytest.mark.parametrize("frequency", TONES)
def test_a_minute_of_noise_holds_no_tone(frequency: float) -> None:
    assert not contains_tone(through(noise(60, -20)), frequency)


def test_a_tone_is_found_beside_an_equally_loud_one_but_a_far_weaker_one_needs_a_smaller_share() -> None:
    both = through(tone(1000, 1) + tone(2300, 1))
    assert contains_tone(both, 1000)
    assert contains_tone(both, 2300)
    weak = through(tone(1000, 1) + tone(2300, 1, level=-25))
    assert not contains_tone(weak, 2300)
    assert contains_tone(weak, 2300, share=0.01)


def test_a_tone_in_noise_of_the_same_level_is_found() -> None:
    assert contains_tone(through(tone(1633, 0.5, level=-20) + noise(0.5, -20)), 1633)


def test_a_tone_below_the_floor_does_not_count() -> None:
    assert not contains_tone(tone(1000, 1, level=-60), 1000)


def test_less_sound_than_a_window_holds_no_tone() -> None:
    assert not contains_tone(tone(1000, 0.019), 1000)
    assert tone_spans(silence(0), 1000) == []


def test_spans_say_when_a_tone_was_there() -> None:
    sound = np.concatenate([silence(0.5), tone(1000, 0.3), tone(1633, 0.2), silence(0.25), tone(1000, 0.1), silence(0.4)])
    spans = tone_spans(through(sound), 1000)
    assert np.array(spans) == pytest.approx(np.array([[0.5, 0.8], [1.25, 1.35]]), abs=0.011)
    assert [sum(span) / 2 for span in spans] == pytest.approx([0.65, 1.3], abs=0.005), "no bias to either side"
    assert tone_seconds(through(sound), 1000) == pytest.approx(0.4, abs=0.04)
    assert tone_seconds(through(sound), 2300) == 0


def test_the_rate_is_that_of_the_sound() -> None:
    assert tone_seconds(tone(1000, 1, rate=16000), 1000, rate=16000) == pytest.approx(1, abs=0.025)
    assert not contains_tone(tone(1000, 1, rate=16000), 1000)


@pytest.mark.parametrize("codec", CODECS)
def test_an_announcement_is_found_where_it_was_played(codec: Codec) -> None:
    spoken = speechlike(3)
    heard = through(np.concatenate([silence(0.73), 0.5 * spoken, silence(1)]), codec)
    score, offset = correlate(heard, spoken)
    assert score > 0.98
    assert offset == pytest.approx(0.73, abs=0.001)


def test_another_announcement_does_not_correlate() -> None:
    score, _ = correlate(through(speechlike(3, seed=8)), speechlike(3))
    assert score < 0.15


def test_an_announcement_in_noise_still_correlates() -> None:
    spoken = speechlike(3)
    score, offset = correlate(through(np.concatenate([silence(1), spoken])) + noise(4, level_db(spoken) - 6), spoken)
    assert score > 0.85
    assert offset == pytest.approx(1, abs=0.001)


def test_a_caller_who_hung_up_in_the_middle_heard_the_beginning() -> None:
    """The reference runs on beyond what was heard, and the figures say so."""
    spoken = speechlike(5)
    heard = through(np.concatenate([silence(0.4), spoken[:16000]]))
    score, offset = correlate(heard, spoken)
    assert score > 0.98
    assert offset == pytest.approx(0.4, abs=0.001)
    assert offset + len(spoken) / 8000 > len(heard) / 8000 + 2


def test_an_announcement_cut_short_with_silence_behind_it_scores_its_part() -> None:
    spoken = speechlike(3)
    score, _ = correlate(through(np.concatenate([spoken[:8000], silence(4)])), spoken)
    assert 0.4 < score < 0.75


def test_what_begins_inside_the_reference_has_a_negative_offset() -> None:
    spoken = speechlike(5)
    score, offset = correlate(through(spoken[8000:24000]), spoken)
    assert score > 0.98
    assert offset == pytest.approx(-1, abs=0.001)


def test_silence_correlates_with_nothing() -> None:
    assert correlate(silence(2), speechlike(1))[0] < 0.01
    assert correlate(silence(0), speechlike(1)) == (0.0, 0.0)


def test_first_sound_and_silences() -> None:
    sound = np.concatenate([silence(0.4), tone(1000, 0.2), noise(0.3, -60), tone(1000, 0.2), silence(0.1)])
    assert first_sound(through(sound)) == pytest.approx(0.4, abs=0.006)
    assert first_sound(noise(1, -60)) is None
    spans = silence_spans(through(sound), 0.2)
    assert np.array(spans) == pytest.approx(np.array([[0, 0.4], [0.6, 0.9]]), abs=0.006)


def test_wav_comes_back_as_written_and_two_channels_are_mixed(tmp_path: Path) -> None:
    path = tmp_path / "two.wav"
    left, right = tone(1000, 0.5, 16000), tone(2300, 0.5, 16000)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 16000, 0, "NONE", ""))
        file.writeframes((np.stack([left, right], axis=1) * 32767).astype("<i2").tobytes())
    rate, mixed = read_wav(path)
    assert rate == 16000
    assert mixed == pytest.approx((left + right) / 2, abs=1e-3)
    write_wav(path, left, 16000)
    assert read_wav(path)[1] == pytest.approx(left, abs=1e-4)


@pytest.mark.parametrize(("riff_size", "sound_size"), [(36, 0), (36 + 16000, 0), (36, 16000), (36 + 16000, 99_000)])
def test_a_wav_that_a_killed_pbx_left_behind_is_refused(tmp_path: Path, riff_size: int, sound_size: int) -> None:
    """Good sound behind a header that says zero must not pass for an empty recording, nor half a header for a whole one."""
    path = tmp_path / "killed.wav"
    write_wav(path, tone(1000, 1))
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + riff_size.to_bytes(4, "little") + whole[8:40] + sound_size.to_bytes(4, "little") + whole[44:])
    with pytest.raises(ValueError, match="the header says"):
        read_wav(path)


def test_a_truncated_wav_and_another_sample_width_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    write_wav(path, tone(1000, 1))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match="the file has"):
        read_wav(path)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(100))
    with pytest.raises(ValueError, match="8-bit"):
        read_wav(path)


def test_an_empty_wav_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    write_wav(path, silence(0))
    rate, sound = read_wav(path)
    assert rate == 8000
    assert len(sound) == 0
