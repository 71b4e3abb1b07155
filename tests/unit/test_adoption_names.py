"""What the names say that FreePBX, FusionPBX and a plain MixMonitor give (issue 4, import)."""

from datetime import UTC, date, datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callguard.adoption.names import Named, UnfitError, plain_id, read_name
from callguard.call.state import Direction

FOLDER = PurePosixPath("/var/spool/asterisk/monitor/2024/01/31")
MADE = datetime(2024, 1, 31, 14, 30, 15, tzinfo=UTC)
LOCAL = datetime(2024, 1, 31, 16, 30, 15)  # noqa: DTZ001 - as a clock on the wall shows it
UNIQUE = "1706711415.123"


def named(stem: str, suffix: str = "wav") -> Named:
    return read_name(FOLDER / f"{stem}.{suffix}")


@pytest.mark.parametrize(
    ("kind", "direction", "queue"),
    [
        ("in", Direction.INBOUND, None),
        ("external", Direction.INBOUND, None),
        ("rg", Direction.INBOUND, None),
        ("q", Direction.INBOUND, "600"),
        ("out", Direction.OUTBOUND, None),
        ("internal", None, None),
        ("exten", None, None),
        ("force", None, None),
        ("parked", None, None),
    ],
)
@pytest.mark.parametrize("system", ["", "pbx1-", "pbx-2-"])
def test_freepbx_says_direction_numbers_and_time(kind: str, direction: Direction | None, queue: str | None, system: str) -> None:
    assert named(f"{kind}-600-0722000111-20240131-163015-{system}{UNIQUE}", "WAV") == Named(
        unique=UNIQUE, made=MADE, local=LOCAL, direction=direction, caller="0722000111", called="600", queue=queue
    )


HOSTILE = ("x-in-9-9-20300101-000000-1999999999.1", "20300101-000000-1999999999.1", "+40-722", "", "unknown", "1999999999.1", "a.b c'\"")


@pytest.mark.parametrize("caller", HOSTILE)
def test_a_caller_cannot_choose_another_time(caller: str) -> None:
    """What the PBX wrote stands at the end, whatever the caller is called."""
    found = named(f"in-0213334444-{caller}-20240131-163015-{UNIQUE}")
    assert (found.unique, found.made, found.local, found.direction) == (UNIQUE, MADE, LOCAL, Direction.INBOUND)
    assert (found.caller, found.called) == (caller, "0213334444")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), max_size=30))
def test_nor_can_any_other_text(caller: str) -> None:
    found = named(f"out-0722000111-{caller}-20240131-163015-{UNIQUE}")
    assert (found.unique, found.local) == (UNIQUE, LOCAL)


PLAIN = [
    (UNIQUE, Named(unique=UNIQUE, made=MADE)),
    (f"asterisk-{UNIQUE}-in", Named(unique=UNIQUE, made=MADE)),
    (f"20240131-163015-{UNIQUE}", Named(unique=UNIQUE, made=MADE, local=LOCAL)),
    ("20240131-163015-0722000111", Named(local=LOCAL)),
    ("0722000111_2024-01-31-16-30-15", Named(local=LOCAL)),
    ("2024-01-31T16:30:15", Named(local=LOCAL)),
    ("call 20240131163015", Named(local=LOCAL)),
    (f"600-600-always-20240131-163015-{UNIQUE}", Named(unique=UNIQUE, made=MADE, local=LOCAL)),
    ("0722000111", Named()),
    ("20241331-163015", Named()),
    ("in-1-2-20241331-163015-1706711415.123", Named(unique=UNIQUE, made=MADE)),
    ("2024-01-31", Named()),
    ("31-01-2024_16:30:15", Named()),
    ("120240131-1630150", Named()),
]


@pytest.mark.parametrize(("stem", "wanted"), PLAIN)
def test_a_plain_name_says_what_can_be_read_in_it(stem: str, wanted: Named) -> None:
    assert named(stem) == wanted


@pytest.mark.parametrize(
    "stem", [f"{UNIQUE}-1706711416.7", "20240131-163015-20240131-163016", f"9b2c2e4a-0d5c-4a52-8e70-1f6a3e8d2b11-{UNIQUE}"]
)
def test_a_plain_name_that_says_two_things_is_not_believed(stem: str) -> None:
    """One of them was chosen by somebody else than the PBX."""
    with pytest.raises(UnfitError, match="more than one"):
        named(stem)


def test_the_same_time_twice_is_one_time() -> None:
    assert named("20240131-163015_2024-01-31-16-30-15") == Named(local=LOCAL)


UUID = "9b2c2e4a-0d5c-4a52-8e70-1f6a3e8d2b11"


@pytest.mark.parametrize(
    ("folder", "day"),
    [("2024/Jan/31", date(2024, 1, 31)), ("2024/Feb/29", date(2024, 2, 29)), ("2023/Feb/29", None), ("2024/01/31", None), ("", None)],
)
def test_fusionpbx_says_the_day_and_the_call(folder: str, day: date | None) -> None:
    path = PurePosixPath("/var/lib/freeswitch/recordings/pbx.example.ro/archive", folder, f"{UUID.upper()}.mp3")
    assert read_name(path) == Named(unique=UUID, day=day)


@pytest.mark.parametrize(
    ("written", "plain"),
    [(UNIQUE, UNIQUE), (f"pbx-1-{UNIQUE}", UNIQUE), (UUID, UUID), (UUID.upper(), UUID), ("", None), ("2", None), ("1706711415", None)],
)
def test_an_id_in_a_cdr_is_known_with_and_without_the_name_of_the_system(written: str, plain: str | None) -> None:
    assert plain_id(written) == plain
