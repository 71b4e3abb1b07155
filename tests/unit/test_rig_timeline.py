"""Where a frame stands on the timeline of what a phone heard."""

import numpy as np

from tests.rig.g711 import Samples, encode
from tests.rig.timeline import Timeline

ORIGIN = 1000.0


def add(timeline: Timeline, arrival: float, timestamp: int, level: float, source: int = 1) -> None:
    timeline.add(ORIGIN + arrival, source, timestamp % 2**32, (encode(np.full(160, level), "PCMA"), "PCMA"))


def steps(sound: Samples) -> list[tuple[int, float]]:
    """The level of the sound and where it changes, levels rounded to tenths."""
    rounded = np.round(sound.astype(np.float64), 1)
    changes = [0, *(np.flatnonzero(np.diff(rounded)) + 1)]
    return [(int(at), abs(float(rounded[at]))) for at in changes]


def test_frames_stand_by_their_timestamps_however_unevenly_they_come() -> None:
    timeline = Timeline(ORIGIN)
    for number, (arrival, level) in enumerate([(0.1, 0.1), (0.151, 0.2), (0.152, 0.3), (0.161, 0.4)]):
        add(timeline, arrival, 5000 + 160 * number, level)
    assert steps(timeline.heard(None, ORIGIN + 0.2)) == [(0, 0.0), (800, 0.1), (960, 0.2), (1120, 0.3), (1280, 0.4), (1440, 0.0)]


def test_frames_out_of_order_and_over_the_end_of_the_counter_are_put_in_order() -> None:
    timeline = Timeline(ORIGIN)
    add(timeline, 0.10, 2**32 - 160, 0.1)
    add(timeline, 0.12, 160, 0.3)
    add(timeline, 0.13, 0, 0.2)
    assert steps(timeline.heard(ORIGIN + 0.1, ORIGIN + 0.16)) == [(0, 0.1), (160, 0.2), (320, 0.3)]


def test_a_lost_frame_is_silence_of_its_length() -> None:
    timeline = Timeline(ORIGIN)
    add(timeline, 0.10, 0, 0.1)
    add(timeline, 0.14, 320, 0.3)
    assert steps(timeline.heard(ORIGIN + 0.1, ORIGIN + 0.16)) == [(0, 0.1), (160, 0.0), (320, 0.3)]


def test_another_source_stands_where_it_arrived() -> None:
    """A PBX changes source and timestamps whenever it bridges the leg with another."""
    timeline = Timeline(ORIGIN)
    add(timeline, 0.10, 0, 0.1)
    add(timeline, 0.20, 777_777, 0.2, source=2)
    assert steps(timeline.heard(ORIGIN + 0.1, ORIGIN + 0.22)) == [(0, 0.1), (160, 0.0), (800, 0.2)]


def test_a_sender_that_paused_without_counting_stands_where_it_arrived() -> None:
    timeline = Timeline(ORIGIN)
    add(timeline, 0.10, 0, 0.1)
    add(timeline, 0.60, 160, 0.2)
    add(timeline, 0.62, 320, 0.3)
    assert steps(timeline.heard(ORIGIN + 0.1, ORIGIN + 0.64)) == [(0, 0.1), (160, 0.0), (4000, 0.2), (4160, 0.3)]


def test_a_jump_of_the_counter_does_not_move_the_sound() -> None:
    timeline = Timeline(ORIGIN)
    add(timeline, 0.10, 0, 0.1)
    add(timeline, 0.115, 90_000, 0.2)
    assert steps(timeline.heard(ORIGIN + 0.1, ORIGIN + 0.14)) == [(0, 0.1), (160, 0.2)]


def test_a_cut_begins_and_ends_within_frames() -> None:
    timeline = Timeline(ORIGIN)
    add(timeline, 0.1, 0, 0.1)
    add(timeline, 0.12, 160, 0.2)
    assert steps(timeline.heard(ORIGIN + 0.11, ORIGIN + 0.13)) == [(0, 0.1), (80, 0.2)]
    assert len(timeline.heard(ORIGIN + 0.2, ORIGIN + 0.1)) == 0
