"""The consent dialogue of one outside person, as one table.

Here are the rules for a person who is in our hands before a conversation; those for one who joins a conversation, and is asked in it, stand
in :mod:`callguard.call.joining`.

The rules, in prose
-------------------
* A prompt counts when its end was seen on the leg (design rule 4). An acceptance key pressed before the end is therefore not an acceptance:
  acceptance keys do not cut the prompt, and where a switch lets one through, the prompt is said again.
* A refusal is believed at any time, also in the middle of the prompt: refusing needs no information, consenting does.
* ``notice``: the whole prompt heard is ``stayed``. ``opt-out``: after it the refusal key is waited for; silence is ``stayed``, but a wrong
  key shows that the person wanted something, so the prompt is said again. ``opt-in``: only the acceptance key is consent.
* ``attempts`` bounds how often the prompt is said for a wrong key, an early one or silence; after that the person is ``unanswered``.
* Whatever goes wrong (missing sound, lost answer, net of the PBX) is ``unanswered``: the call goes on and is not recorded.
* A person is asked once a call: a leg handed over again is released again. After a restart what was heard is not known, so the prompt
  under way is said again, without counting as an attempt. The PBX says it after what it may still be at: its bounds are that much longer.
* Who is in the do-not-record register has objected already (S4): nothing is asked, and the call goes straight on, unrecorded, or after an
  announcement of its own where the policy has one. That is ``refused``, or ``withdrawn`` of one who was entered after a yes; both are
  stored as by ``register``, and never as a key press.
* Withdrawal needs no prompt and works whenever the person is in a conversation (GDPR art. 7(3)).
* ``on_refusal = "hangup"`` acts on a refusal by key, not on silence or on a fault; nor on a listed person, who was offered no choice in
  this call, and whose objection to being recorded must not cost the being heard.

Every pair of :class:`~callguard.call.state.Stage` and :class:`Signal` has an entry in :data:`TABLE`; ``ignore`` is an entry.
"""

from collections.abc import Mapping

from callguard.call import joining
from callguard.call.commands import Announce, AskDigit, Command, HangUp, Release
from callguard.call.dialogue import NET_MARGIN_MS, Action, Moment, Outcome, Signal, decide, ignore, leave, timer, where
from callguard.call.evolve import evolve
from callguard.call.policy import Announcement, Mode, OnRefusal
from callguard.call.state import Call, Decision, How, Party, Stage


def advance(call: Call, party: Party, signal: Signal, moment: Moment) -> Outcome:
    """The party after the signal, and what is to be done. Total: every stage knows every signal."""
    return TABLE[party.stage][signal](call, party, moment)


def begin(call: Call, party: Party, moment: Moment) -> Outcome:
    """The person is there: ask, or let pass where nothing is ever recorded, or who objected before the call."""
    if party.consents:
        return greet(call, party, moment)
    if call.policy.mode is Mode.NEVER or call.policy.prompts is None:
        return release(call, decide(party, Decision.NOT_REQUIRED, How.NONE, moment, None), moment)
    return _ask(call, evolve(party, attempt=1), moment, 0)


def find(call: Call, party: Party, moment: Moment) -> Outcome:
    """The same after a restart, when a person who objected before the call has waited long enough."""
    return release(call, party, moment) if party.consents else begin(call, party, moment)


def repeat(call: Call, party: Party, moment: Moment) -> Outcome:
    """Say the prompt again without counting it: after a restart nobody knows what was heard, or whether it is still being said."""
    if party.stage is Stage.ANNOUNCING and call.policy.prompts:
        return _ask(call, party, moment, call.policy.prompts.question.duration_ms)
    return _ask(call, party, moment, call.policy.timeout_ms)


def retry(call: Call, party: Party, moment: Moment) -> Outcome:
    """Say the prompt again if the person has attempts left."""
    if party.attempt >= call.policy.attempts:
        return give_up(call, party, moment)
    return _ask(call, evolve(party, attempt=party.attempt + 1), moment, 0)


def heard(call: Call, party: Party, moment: Moment) -> Outcome:
    """The end of the prompt was seen: in a notice that decides, else the key is waited for."""
    if call.policy.mode is Mode.NOTICE:
        return stay(call, party, moment)
    timeout = call.policy.timeout_ms
    asking = evolve(party, stage=Stage.ASKING, step=party.step + 1)
    ask = AskDigit(**where(call, asking), step=asking.step, timeout_ms=timeout, net_ms=timeout + NET_MARGIN_MS)
    return asking, (ask, timer(call, asking, timeout))


def silent(call: Call, party: Party, moment: Moment) -> Outcome:
    """No key came in time."""
    return stay(call, party, moment) if call.policy.mode is Mode.OPT_OUT else retry(call, party, moment)


def accept(call: Call, party: Party, moment: Moment) -> Outcome:
    """The acceptance key, after the whole prompt."""
    return _acknowledge(call, decide(party, Decision.GRANTED, How.KEY, moment, call.policy), moment)


def stay(call: Call, party: Party, moment: Moment) -> Outcome:
    """Going on with the call after the notice (S1)."""
    return release(call, decide(party, Decision.STAYED, How.STAYED, moment, call.policy), moment)


def refuse(call: Call, party: Party, moment: Moment) -> Outcome:
    """The refusal key, at any time."""
    return _acknowledge(call, decide(party, Decision.REFUSED, How.KEY, moment, call.policy), moment)


def give_up(call: Call, party: Party, moment: Moment) -> Outcome:
    """No valid answer, or no way to get one: unrecorded."""
    return release(call, decide(party, Decision.UNANSWERED, How.NONE, moment, call.policy), moment)


def lose(call: Call, party: Party, moment: Moment) -> Outcome:
    """The PBX took the leg back before the person could decide."""
    return evolve(decide(party, Decision.UNANSWERED, How.NONE, moment, call.policy), stage=Stage.RELEASED), ()


def settle(_call: Call, party: Party, _moment: Moment) -> Outcome:
    """The leg is back in the dialplan and the decision stands."""
    return evolve(party, stage=Stage.RELEASED), ()


def release(call: Call, party: Party, _moment: Moment) -> Outcome:
    """Let the call go on, or end it where the person refused in it and the policy says so."""
    refused = party.decision is Decision.REFUSED and party.consents[-1].how is How.KEY
    ends = refused and call.policy.on_refusal is OnRefusal.HANGUP
    order = HangUp(**where(call, party)) if ends else Release(**where(call, party))
    return evolve(party, stage=Stage.RELEASED), (order,)


def withdraw(call: Call, party: Party, moment: Moment) -> Outcome:
    """A covered person takes the consent back, for the future (C8)."""
    return _withdraw(call, party, How.KEY, moment), ()


def revoke(call: Call, party: Party, moment: Moment) -> Outcome:
    """A covered person was entered into the register: the same by another way (S4)."""
    return _withdraw(call, party, How.REGISTER, moment), ()


def object_(_call: Call, party: Party, moment: Moment) -> Outcome:
    """An outside person is listed before anything was said, so no announcement is part of the evidence."""
    if not party.outside or party.consents:
        return party, ()
    return decide(party, Decision.REFUSED, How.REGISTER, moment, None), ()


def greet(call: Call, party: Party, moment: Moment) -> Outcome:
    """Who objected before the call is told that it is respected, where the policy wants that said."""
    told = call.policy.prompts and call.policy.prompts.listed
    return _tell(call, party, told) if told else release(call, party, moment)


def excuse(call: Call, party: Party, moment: Moment) -> Outcome:
    """Entered into the register while being asked: nobody waits for an answer any more."""
    return release(call, decide(party, Decision.REFUSED, How.REGISTER, moment, call.policy), moment)


def recant(call: Call, party: Party, moment: Moment) -> Outcome:
    """The refusal key over the thanks, which it has cut: withdrawn before anything was recorded, and nothing is left to wait for."""
    withdrawn, _ = withdraw(call, party, moment)
    return release(call, withdrawn, moment)


_NOTHING: Mapping[Signal, Action] = dict.fromkeys(Signal, ignore)

_UNASKED: Mapping[Signal, Action] = {
    **_NOTHING,
    Signal.HANDED_OVER: begin,
    Signal.TAKEN_UP: find,
    Signal.LISTED: object_,
    Signal.GONE: leave,
}

TABLE: Mapping[Stage, Mapping[Signal, Action]] = {
    Stage.EARLY: {**_UNASKED, Signal.ANSWERED: joining.answer},
    Stage.PRESENT: {**_UNASKED, Signal.JOINED: joining.inform},
    Stage.INFORMING: {
        **_NOTHING,
        Signal.HANDED_OVER: begin,
        Signal.TAKEN_UP: joining.repeat,
        Signal.LEFT: joining.forget,
        Signal.HEARD_WHOLE: joining.heard,
        Signal.HEARD_PART: joining.give_up,
        Signal.PRESSED_REFUSE: joining.refuse,
        Signal.STEP_FAILED: joining.give_up,
        Signal.LISTED: joining.exclude,
        Signal.GONE: leave,
    },
    Stage.CHOOSING: {
        **_NOTHING,
        Signal.HANDED_OVER: begin,
        Signal.TAKEN_UP: joining.repeat,
        Signal.LEFT: joining.forget,
        Signal.PRESSED_ACCEPT: joining.accept,
        Signal.PRESSED_REFUSE: joining.refuse,
        Signal.PRESSED_OTHER: joining.retry,
        Signal.KEPT_SILENT: joining.silent,
        Signal.STEP_FAILED: joining.give_up,
        Signal.LISTED: joining.exclude,
        Signal.GONE: leave,
    },
    Stage.ANNOUNCING: {
        **_NOTHING,
        Signal.TAKEN_UP: repeat,
        Signal.HANDED_BACK: lose,
        Signal.HEARD_WHOLE: heard,
        Signal.HEARD_PART: give_up,
        Signal.PRESSED_ACCEPT: retry,
        Signal.PRESSED_REFUSE: refuse,
        Signal.PRESSED_OTHER: retry,
        Signal.STEP_FAILED: give_up,
        Signal.LISTED: excuse,
        Signal.GONE: leave,
    },
    Stage.ASKING: {
        **_NOTHING,
        Signal.TAKEN_UP: repeat,
        Signal.HANDED_BACK: lose,
        Signal.PRESSED_ACCEPT: accept,
        Signal.PRESSED_REFUSE: refuse,
        Signal.PRESSED_OTHER: retry,
        Signal.KEPT_SILENT: silent,
        Signal.STEP_FAILED: give_up,
        Signal.LISTED: excuse,
        Signal.GONE: leave,
    },
    Stage.ACKNOWLEDGING: {
        **_NOTHING,
        Signal.TAKEN_UP: release,
        Signal.HANDED_BACK: settle,
        Signal.HEARD_WHOLE: release,
        Signal.HEARD_PART: release,
        Signal.PRESSED_ACCEPT: release,
        Signal.PRESSED_REFUSE: recant,
        Signal.PRESSED_OTHER: release,
        Signal.STEP_FAILED: release,
        Signal.WITHDREW: withdraw,
        Signal.LISTED: revoke,
        Signal.GONE: leave,
    },
    Stage.RELEASED: {
        **_NOTHING,
        Signal.HANDED_OVER: release,
        Signal.TAKEN_UP: release,
        Signal.WITHDREW: withdraw,
        Signal.LISTED: revoke,
        Signal.GONE: leave,
    },
    Stage.GONE: _NOTHING,
}


def _ask(call: Call, party: Party, moment: Moment, busy_ms: int) -> Outcome:
    """Say the question, which the PBX may be ``busy_ms`` from beginning; where there is none there is no way to get an answer."""
    if call.policy.prompts is None:
        return give_up(call, party, moment)
    speaking = evolve(party, stage=Stage.ANNOUNCING, step=party.step + 1, heard_ms=0, complete=False, announced_at=None)
    return speaking, _announce(call, speaking, call.policy.prompts.question, call.policy.refuse_key, busy_ms)


def _acknowledge(call: Call, party: Party, moment: Moment) -> Outcome:
    """Thank the person; the evidence of the question stays as it was, so the thanks leave no trace in it."""
    if call.policy.prompts is None:
        return release(call, party, moment)
    return _tell(call, party, call.policy.prompts.accepted if party.covered else call.policy.prompts.refused)


def _tell(call: Call, party: Party, announcement: Announcement) -> Outcome:
    """Say something that needs no answer."""
    listening = evolve(party, stage=Stage.ACKNOWLEDGING, step=party.step + 1)
    return listening, _announce(call, listening, announcement, "", 0)


def _announce(call: Call, party: Party, announcement: Announcement, interrupt: str, busy_ms: int) -> tuple[Command, ...]:
    duration = busy_ms + announcement.duration_ms
    announce = Announce(
        **where(call, party),
        step=party.step,
        announcement=announcement,
        interrupt=interrupt,
        net_ms=duration + NET_MARGIN_MS,
    )
    return announce, timer(call, party, duration)


def _withdraw(call: Call, party: Party, how: How, moment: Moment) -> Party:
    takes_back = party.outside and party.covered
    return decide(party, Decision.WITHDRAWN, how, moment, call.policy) if takes_back else party
