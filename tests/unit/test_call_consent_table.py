"""The consent table is total, and whatever comes in whatever order, a decision is taken at most once and then only withdrawn."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from callguard.call.commands import Announce, AnnounceInCall, AskDigit, AskInCall, Command, HangUp, Release, SetTimer
from callguard.call.consent import TABLE, advance
from callguard.call.dialogue import Moment, Signal
from callguard.call.policy import Mode, OnRefusal, Policy
from callguard.call.state import COVERED, Call, Consent, Decision, Direction, How, Party, Role, Stage
from callguard.config.policies import PolicySettings
from tests.unit.call_cast import CUSTOMER, after, channel, number, policy
from tests.unit.call_plays import widely
from tests.unit.call_world import opened

MODES = {mode: policy(mode) for mode in Mode} | {"hangup": policy(Mode.OPT_IN, on_refusal=OnRefusal.HANGUP)}
PROGRESS = [Stage.PRESENT, Stage.ANNOUNCING, Stage.ACKNOWLEDGING, Stage.RELEASED, Stage.GONE]
"""A party never falls back, but for a prompt that is said again after the question, or one in a conversation that he leaves."""

IN_CALL = frozenset({Stage.INFORMING, Stage.CHOOSING})


def decided(decision: Decision, how: How) -> Consent:
    return Consent(decision, how, None, None, None, 0, complete=False, announced_at=None, decided_at=after(1), received_at=after(1))


CONSENTS = [(), *((decided(decision, How.KEY),) for decision in Decision)]


def customer(stage: Stage, consents: tuple[Consent, ...] = (), *, attempt: int = 1, outside: bool = True) -> Party:
    return Party(CUSTOMER, channel(CUSTOMER), Role.CALLER, number(CUSTOMER), outside, stage, step=3, attempt=attempt, consents=consents)


def call_under(rules: Policy) -> Call:
    return replace(opened(Direction.INBOUND, rules.mode).call, policy=rules)


def test_every_stage_knows_every_signal() -> None:
    assert set(TABLE) == set(Stage)
    assert all(set(row) == set(Signal) for row in TABLE.values())


@pytest.mark.parametrize(("stage", "signal"), list(product(Stage, Signal)))
def test_every_entry_has_a_valid_outcome(stage: Stage, signal: Signal) -> None:
    """Under every policy, with every decision taken before, with attempts left and without, asked or not: nothing raises."""
    for rules, consents, attempt, outside in product(MODES.values(), CONSENTS, (1, 2), (True, False)):
        before = customer(stage, consents, attempt=attempt, outside=outside)
        party, orders = advance(call_under(rules), before, signal, Moment(after(9), after(9.1), "7"))
        check(before, party, orders, rules)


def check(before: Party, party: Party, orders: tuple[Command, ...], rules: Policy) -> None:
    """What holds of any transition, reachable or not."""
    assert isinstance(party.stage, Stage)
    assert party.consents[: len(before.consents)] == before.consents
    assert identity(party) == identity(before)
    assert (party.step, party.attempt) >= (before.step, before.attempt)
    assert not any(order.leg != before.leg for order in orders)
    if before.stage is Stage.GONE:
        assert (party, orders) == (before, ())
    bounded(party, orders)
    if any(isinstance(order, HangUp) for order in orders):
        assert (party.decision, rules.on_refusal) == (Decision.REFUSED, OnRefusal.HANGUP)


def identity(party: Party) -> tuple[object, ...]:
    return party.leg, party.channel, party.role, party.number, party.outside


def bounded(party: Party, orders: tuple[Command, ...]) -> None:
    """Design rule 8: whoever waits for the PBX has a timer that outlasts the step, and a net of the PBX that outlasts the timer."""
    waits = [order for order in orders if isinstance(order, Announce | AskDigit | AnnounceInCall | AskInCall)]
    assert len(waits) <= 1
    assert bool(waits) == any(isinstance(order, SetTimer) for order in orders)
    for wait, timer in zip(waits, orders[1:], strict=True):
        assert isinstance(timer, SetTimer)
        lasts = wait.timeout_ms if isinstance(wait, AskDigit | AskInCall) else wait.announcement.duration_ms
        assert lasts < timer.after_ms < wait.net_ms
        assert wait.step == timer.step == party.step
    assert not (waits and any(isinstance(order, Release | HangUp) for order in orders))


SIGNALS = st.lists(st.sampled_from([signal for signal in Signal if signal is not Signal.GONE]), max_size=25)


@widely
@given(st.sampled_from(list(MODES.values())), SIGNALS, st.booleans())
def test_a_decision_once_taken_is_only_ever_withdrawn(rules: Policy, signals: list[Signal], hangs_up: bool) -> None:
    """From the first moment of a party on, any signals in any order."""
    path = list(walk(rules, [*signals, Signal.GONE] if hangs_up else signals))
    decisions = [consent.decision for consent in path[-1].consents]
    assert len(decisions) <= 2
    assert all(first in COVERED and second is Decision.WITHDRAWN for first, second in pairwise(decisions))
    assert decisions[:1] != [Decision.WITHDRAWN]
    for before, party in pairwise(path):
        assert party.consents[: len(before.consents)] == before.consents
        assert advanced(before.stage, party.stage)
        assert party.attempt <= rules.attempts
    if hangs_up and any(signal in {Signal.HANDED_OVER, Signal.TAKEN_UP, Signal.JOINED} for signal in signals):
        assert decisions


@widely
@given(st.sampled_from(list(MODES.values())), SIGNALS)
def test_consent_is_only_what_was_heard_and_done(rules: Policy, signals: list[Signal]) -> None:
    """S1, S2: ``stayed`` needs the end of the prompt; ``granted`` needs that, the acceptance key, and a mode that asked for it."""
    for before, party in pairwise(walk(rules, signals)):
        if party.consents == before.consents:
            continue
        consent = party.consents[-1]
        if consent.decision is Decision.GRANTED:
            assert before.stage in {Stage.ASKING, Stage.CHOOSING}
            assert consent.how is How.KEY
        if consent.decision is Decision.STAYED:
            assert consent.how is How.STAYED
            assert rules.mode in {Mode.NOTICE, Mode.OPT_OUT}
            notice, asked = {Stage.ANNOUNCING, Stage.INFORMING}, {Stage.ASKING, Stage.CHOOSING}
            assert before.stage in (notice if rules.mode is Mode.NOTICE else asked)
        if consent.decision is Decision.NOT_REQUIRED:
            assert rules.mode is Mode.NEVER


MOST_ATTEMPTS = 5
"""The configuration takes no more."""

MOST_ORDERS = {"never": 1, "notice": MOST_ATTEMPTS + 2, "opt-out": 12, "opt-in": 12, "hangup": 12}
"""Five times question and key, the thanks, the release; a notice has no keys to wait for."""


@pytest.mark.parametrize("name", MODES)
def test_no_policy_that_can_be_configured_takes_more_orders_than_a_pbx_carries_out(name: str) -> None:
    """Design rule 9: FreeSWITCH carries out each order a level deeper, and 32 in all (tests/live/test_freeswitch_dialplan.py).

    Whatever the person does. A restart, which has the prompt said again, adds two at most; a leg handed over anew begins anew.
    """
    with pytest.raises(ValidationError, match="attempts"):
        PolicySettings.model_validate({"direction": "inbound", "mode": "opt-in", "attempts": MOST_ATTEMPTS + 1})
    call = call_under(replace(MODES[name], attempts=MOST_ATTEMPTS))
    assert most_orders(call, replace(customer(Stage.PRESENT, attempt=0), step=0), Signal.HANDED_OVER) == MOST_ORDERS[name]


@cache
def most_orders(call: Call, party: Party, signal: Signal) -> int:
    """To this leg, from this signal on."""
    following, orders = advance(call, party, signal, Moment(after(9), after(9.1), "7"))
    given = sum(not isinstance(order, SetTimer) for order in orders)
    if (following.stage, following.step) == (party.stage, party.step):
        return given
    alike = replace(following, step=0, consents=following.consents[:1])
    return given + max(most_orders(call, alike, one) for one in Signal if one not in {Signal.HANDED_OVER, Signal.TAKEN_UP})


def walk(rules: Policy, signals: list[Signal]) -> Iterator[Party]:
    call, party = call_under(rules), replace(customer(Stage.PRESENT, attempt=0), step=0)
    yield party
    for signal in signals:
        party, orders = advance(call, party, signal, Moment(after(9), after(9.1), "7"))
        bounded(party, orders)
        yield party


def advanced(before: Stage, stage: Stage) -> bool:
    asking = {Stage.ANNOUNCING, Stage.ASKING}
    if stage in asking:
        return before in {Stage.PRESENT, *asking, *IN_CALL}
    if stage in IN_CALL:
        return before in {Stage.PRESENT, *IN_CALL}
    return before in asking or before in IN_CALL or PROGRESS.index(stage) >= PROGRESS.index(before)
