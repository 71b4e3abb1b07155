"""The consent dialogue of an outside person who joins a conversation (transfer, conference, pickup), as actions of the consent table.

The rules, in prose
-------------------
* Who joins a conversation that is recorded, or would be if he were covered, is announced to first (design rule 3). He is in the
  conversation already, so he hears the prompt there, over the others, who do not hear it and can go on talking. Until he is covered the
  recording is paused, or is not begun.
* Nobody is told of a recording that there will not be: while somebody is present who has said no, or in a call of mode ``never``, or where
  the one whose leg would be recorded was recorded before and is no more, the others are not asked.
* Nor is he who has not answered yet: what is played to a phone that rings is heard by nobody.
* A prompt counts by its end, as everywhere (design rule 4), and the modes mean what they mean elsewhere. But the keys are those of a
  conversation: while the prompt is said the refusal key counts, as refusing needs no information, and all others are none of our business.
* How long a key was waited for is told by the PBX too, behind every key that came meanwhile. A timer of ours knows nothing of a key that
  is still under way, and silence may be a yes.
* Who leaves the conversation before the end was not told; who comes back is told anew, from the beginning. The same after a restart.
* Nobody is thanked, as he is talking; and a leg that is not in our hands need not be released. A refusal by key ends the leg where the
  policy says so.
* Whatever goes wrong is ``unanswered``: the conversation goes on, and is not recorded as long as he is there.
"""

from callguard.call.commands import AnnounceInCall, AskInCall, HangUp
from callguard.call.dialogue import NET_MARGIN_MS, Moment, Outcome, decide, timer, where
from callguard.call.evolve import evolve
from callguard.call.policy import Mode, OnRefusal
from callguard.call.state import ASKED_IN_CALL, UNASKED, Call, Decision, How, Party, Stage


def newcomers(call: Call) -> tuple[Party, ...]:
    """Who is to be announced to now."""
    unasked = tuple(party for party in call.parties if party.bridge and party.stage is Stage.PRESENT and _is_open(party))
    if not unasked or call.policy.mode is Mode.NEVER:
        return ()
    host = _host(call)
    if host is None or any(party.bridge and not (party.covered or _is_open(party)) for party in call.parties):
        return ()
    return tuple(party for party in unasked if party.bridge == host.bridge)


def _is_open(party: Party) -> bool:
    """Whether this outside person may yet say yes, here in the conversation."""
    return party.outside and not party.consents and (party.stage in UNASKED or party.stage in ASKED_IN_CALL)


def _host(call: Call) -> Party | None:
    """The person in a conversation whose leg is recorded, or would be if nobody stood against it."""
    if call.running is not None:
        recorded = call.party(call.running.leg)
        return recorded if recorded is not None and recorded.bridge else None
    over = {one.leg for one in call.recordings}
    return next((one for one in call.parties if one.outside and one.bridge and one.covered and one.leg not in over), None)


def answer(_call: Call, party: Party, _moment: Moment) -> Outcome:
    """There is somebody now."""
    return evolve(party, stage=Stage.PRESENT), ()


def inform(call: Call, party: Party, moment: Moment) -> Outcome:
    """Say the prompt for the first time, or as if it were, unless the person has decided before."""
    return (party, ()) if party.consents else _say(call, party, moment, 1)


def repeat(call: Call, party: Party, moment: Moment) -> Outcome:
    """Say it again without counting it."""
    return _say(call, party, moment, party.attempt)


def retry(call: Call, party: Party, moment: Moment) -> Outcome:
    """Say it again if the person has attempts left."""
    if party.attempt >= call.policy.attempts:
        return give_up(call, party, moment)
    return _say(call, party, moment, party.attempt + 1)


def heard(call: Call, party: Party, moment: Moment) -> Outcome:
    """The end of the prompt was seen: in a notice that decides, else the key is waited for."""
    if call.policy.mode is Mode.NOTICE:
        return _stay(call, party, moment)
    timeout = call.policy.timeout_ms
    asked = evolve(party, stage=Stage.CHOOSING, step=party.step + 1)
    ask = AskInCall(**where(call, asked), step=asked.step, timeout_ms=timeout, net_ms=timeout + NET_MARGIN_MS)
    return asked, (ask, timer(call, asked, timeout))


def silent(call: Call, party: Party, moment: Moment) -> Outcome:
    """No key came in time."""
    return _stay(call, party, moment) if call.policy.mode is Mode.OPT_OUT else retry(call, party, moment)


def accept(call: Call, party: Party, moment: Moment) -> Outcome:
    """The acceptance key, after the whole prompt."""
    return _settled(decide(party, Decision.GRANTED, How.KEY, moment, call.policy))


def refuse(call: Call, party: Party, moment: Moment) -> Outcome:
    """The refusal key, at any time."""
    refused, _ = _settled(decide(party, Decision.REFUSED, How.KEY, moment, call.policy))
    return refused, (HangUp(**where(call, party)),) if call.policy.on_refusal is OnRefusal.HANGUP else ()


def exclude(call: Call, party: Party, moment: Moment) -> Outcome:
    """Entered into the do-not-record register while being asked (S4)."""
    return _settled(decide(party, Decision.REFUSED, How.REGISTER, moment, call.policy))


def give_up(call: Call, party: Party, moment: Moment) -> Outcome:
    """No valid answer, or no way to get one."""
    return _settled(decide(party, Decision.UNANSWERED, How.NONE, moment, call.policy))


def forget(_call: Call, party: Party, _moment: Moment) -> Outcome:
    """Out of the conversation before the end: what is still told of this step is late, and if he hangs up he has not answered."""
    return evolve(party, stage=Stage.PRESENT), ()


def _say(call: Call, party: Party, moment: Moment, attempt: int) -> Outcome:
    """From the beginning; where there is no prompt there is no way to get an answer."""
    if call.policy.prompts is None:
        return give_up(call, party, moment)
    question = call.policy.prompts.question
    informed = evolve(party, stage=Stage.INFORMING, step=party.step + 1, attempt=attempt, heard_ms=0, complete=False, announced_at=None)
    net_ms = question.duration_ms + NET_MARGIN_MS
    say = AnnounceInCall(**where(call, informed), step=informed.step, announcement=question, net_ms=net_ms)
    return informed, (say, timer(call, informed, question.duration_ms))


def _stay(call: Call, party: Party, moment: Moment) -> Outcome:
    return _settled(decide(party, Decision.STAYED, How.STAYED, moment, call.policy))


def _settled(party: Party) -> Outcome:
    return evolve(party, stage=Stage.RELEASED), ()
