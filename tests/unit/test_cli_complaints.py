"""What could not be done of many is told in part and counted whole, however many there are."""

import pytest

from callguard.cli.complaints import TOLD, Complaints
from callguard.errors import Fault, PartialFailure


def test_nothing_is_said_of_nothing() -> None:
    complaints = Complaints()
    complaints.speak("done in part")
    assert not complaints


def test_of_a_million_the_first_are_held_and_the_rest_counted() -> None:
    """And that it was stopped is told last, whatever came before."""
    complaints = Complaints()
    for one in range(1_000_000):
        complaints.add("cannot be reached", f"recording {one}")
    complaints.stop()
    assert (len(complaints.first), complaints.count) == (TOLD, 1_000_000)
    with pytest.raises(PartialFailure) as told:
        complaints.speak("done in part")
    assert told.value.faults[:1] == (Fault("cannot be reached", "recording 0"),)
    assert [one.message for one in told.value.faults[TOLD:]] == ["999980 more", "stopped before the end"]


def test_to_be_stopped_is_enough() -> None:
    complaints = Complaints()
    complaints.stop("it is due again")
    with pytest.raises(PartialFailure) as told:
        complaints.speak("done in part")
    assert told.value.faults == (Fault("stopped before the end", remedy="it is due again"),)
