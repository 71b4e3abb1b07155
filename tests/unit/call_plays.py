"""Plays that nobody wrote: any facts in any order, for Hypothesis.

Facts drawn blindly would hardly ever get as far as a recording. So a play is drawn as moves, which are told of the call as it is by
then (the answer to the step under way, or to an earlier one), and as scenes of several moves (somebody is asked and agrees). Then the
facts that came of it are told to a fresh call, some of them late and some of them twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st

from callguard.call import events as ev
from callguard.call.policy import Mode, OnRefusal, Policy, Prompts
from callguard.call.state import Call, Direction
from callguard.call.step import step
from tests.unit import call_facts as facts
from tests.unit.call_cast import (
    AGENT,
    COLLEAGUE,
    CUSTOMER,
    FRIEND,
    HERE,
    LISTED,
    NOBODY_HERE,
    QUESTION,
    REFUSED,
    THANKS,
    THERE,
    policy,
)
from tests.unit.call_world import Transcript

widely = settings(max_examples=120, deadline=None)
"""No deadline: a busy machine is no fault of the core."""


@dataclass(frozen=True, slots=True)
class Move:
    """One fact to be, about a leg; ``lag`` is how many steps late an answer is, ``count`` which recording is meant."""

    kind: str
    leg: str = CUSTOMER
    key: str | None = None
    bridge: str = HERE
    lag: int = 0
    count: int = 1


def _under_way(move: Move, call: Call) -> int:
    party = call.party(move.leg)
    return (party.step if party else 0) - move.lag


def _agreed(move: Move, call: Call, at: float) -> ev.Event:
    """The answer that is a yes: the acceptance key where it is asked for, silence elsewhere."""
    return facts.collected(_under_way(move, call), "1" if call.policy.mode is Mode.OPT_IN else None, move.leg, at)


def _started(move: Move, _call: Call, _at: float) -> ev.Event:
    return facts.started(Direction.INBOUND if move.leg == CUSTOMER else Direction.OUTBOUND)


_KINDS: Mapping[str, Callable[[Move, Call, float], ev.Event]] = {
    "handed over": lambda move, _, at: facts.handed_over(move.leg, at),
    "handed over listed": lambda move, _, at: facts.handed_over(move.leg, at, listed=True),
    "joined listed": lambda move, _, at: facts.joined(move.leg, move.bridge, at, listed=True),
    "joined early": lambda move, _, at: facts.joined(move.leg, move.bridge, at, answered=False),
    "entered": lambda move, _, at: facts.entered(move.leg, at),
    "taken up": lambda move, _, at: facts.taken_up(move.leg, at),
    "handed back": lambda move, _, at: facts.handed_back(move.leg, at),
    "said": lambda move, call, at: facts.said(_under_way(move, call), move.leg, at),
    "cut": lambda move, call, at: facts.cut(_under_way(move, call), move.key, move.leg, at),
    "collected": lambda move, call, at: facts.collected(_under_way(move, call), move.key, move.leg, at),
    "agreed": _agreed,
    "failed": lambda move, call, at: facts.failed(_under_way(move, call), move.leg, at),
    "fired": lambda move, call, at: facts.fired(_under_way(move, call), move.leg, at),
    "pressed": lambda move, _, at: facts.pressed(move.key or "*", move.leg, at),
    "answered": lambda move, _, at: facts.answered(move.leg, at),
    "joined": lambda move, _, at: facts.joined(move.leg, move.bridge, at),
    "left": lambda move, _, at: facts.left(move.leg, move.bridge, at),
    "gone": lambda move, _, at: facts.gone(move.leg, "NORMAL_CLEARING", at),
    "dialled": lambda move, _, at: facts.dialled("BUSY", move.leg, at),
    "recording started": lambda move, _, at: facts.recording_started(move.count, move.leg, at),
    "recording refused": lambda move, _, at: facts.recording_refused(move.count, move.leg, at),
    "not running": lambda move, _, at: facts.not_running(move.count, move.leg, at),
    "stopped": lambda move, _, at: facts.stopped(move.count, move.leg, at),
    "stop unconfirmed": lambda move, _, at: facts.stop_unconfirmed(move.count, move.leg, at),
    "filed": lambda move, _, at: facts.filed(move.count, at=at),
    "filed with a fault": lambda move, _, at: facts.filed(move.count, "missing", None, at),
    "started": _started,
}

legs = st.sampled_from([CUSTOMER, CUSTOMER, CUSTOMER, FRIEND, FRIEND, AGENT, COLLEAGUE, NOBODY_HERE])
outsiders = st.sampled_from([CUSTOMER, CUSTOMER, FRIEND])
moves = st.builds(
    Move,
    kind=st.sampled_from([*_KINDS, "joined", "left"]),
    leg=legs,
    key=st.sampled_from([None, "1", "9", "5", "*"]),
    bridge=st.sampled_from([HERE, HERE, THERE]),
    lag=st.sampled_from([0, 0, 0, 1]),
    count=st.sampled_from([1, 1, 2]),
)


def _scene(*kinds: str) -> Callable[[str], list[Move]]:
    """Moves of one leg; a key stands behind its kind."""
    parsed = [kind.partition(":") for kind in kinds]
    return lambda leg: [Move(kind, leg, key=key or None) for kind, _, key in parsed]


_AGREES = _scene("handed over", "said", "agreed", "said", "handed back", "joined")
_SCENES = (
    _AGREES,
    _AGREES,
    _scene("handed over", "said", "collected:9", "said", "handed back", "joined"),
    _scene("handed over", "cut:1", "said", "collected:1", "said", "joined"),
    _scene("handed over", "handed back", "joined"),
    _scene("pressed:*", "pressed:9"),
    _scene("pressed:*", "pressed:9", "stopped"),
    _scene("entered"),
    _scene("handed over", "entered", "said", "agreed", "said", "handed back", "joined"),
    _scene("handed over listed", "handed back", "joined"),
    _scene("joined", "said"),
    _scene("joined", "said", "agreed"),
    _scene("joined", "pressed:9"),
    _scene("joined", "said", "pressed:1"),
    _scene("joined early", "answered", "said"),
    _scene("joined", "taken up", "said", "agreed"),
    _scene("joined", "left"),
    _scene("joined", "gone"),
    _scene("left", "joined"),
    _scene("gone"),
)

scenes = st.builds(lambda scene, leg: scene(leg), st.sampled_from(_SCENES), outsiders)
openings = st.sampled_from([[], _AGREES(CUSTOMER), [Move("joined", AGENT), *_AGREES(CUSTOMER)], [*_AGREES(CUSTOMER), *_AGREES(FRIEND)]])
plays = st.builds(
    lambda opening, parts: [*opening, *(move for part in parts for move in part)],
    openings,
    st.lists(scenes | moves.map(lambda move: [move]), min_size=1, max_size=12),
)

policies = st.sampled_from(
    [
        *(policy(mode, attempts=attempts) for mode in Mode for attempts in (1, 3)),
        policy(Mode.OPT_IN, on_refusal=OnRefusal.HANGUP),
        policy(Mode.NOTICE, withdraw_keys=""),
        *(policy(mode, prompts=Prompts(QUESTION, THANKS, REFUSED, LISTED)) for mode in (Mode.NOTICE, Mode.OPT_IN)),
    ]
)
directions = st.sampled_from(Direction)


def fresh(direction: Direction, rules: Policy) -> Call:
    """A call at its first fact, under those very rules."""
    return Transcript(direction, rules).call


def told(call: Call, play: Sequence[Move]) -> list[ev.Event]:
    """The facts of a play, two seconds apart, each told of the call as the ones before have made it."""
    events: list[ev.Event] = []
    for index, move in enumerate(play):
        event = _KINDS[move.kind](move, call, 1.0 + 2 * index)
        call, _ = step(call, event)
        events.append(event)
    return events


places = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4)


def disturbed(events: Sequence[ev.Event], late: Sequence[tuple[int, int]], twice: Sequence[tuple[int, int]]) -> list[ev.Event]:
    """The same facts, some of them at another place, some of them told again."""
    disorder = list(events)
    for index, place in late if disorder else ():
        disorder.insert(place % len(disorder), disorder.pop(index % len(disorder)))
    for index, place in twice if disorder else ():
        disorder.insert(place % len(disorder), disorder[index % len(disorder)])
    return disorder


@st.composite
def histories(draw: st.DrawFn) -> tuple[Call, list[ev.Event]]:
    """A call at its first fact, and all that it is told."""
    call = fresh(draw(directions), draw(policies))
    return call, disturbed(told(call, draw(plays)), draw(places), draw(places))
