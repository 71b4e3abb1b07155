"""The calls of the demo, and what is promised of each. A promise is a sentence and whether this run kept it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from callguard.call.period import add_months
from tests.demo import hearing, plays
from tests.demo.accounts import Account, Kind
from tests.demo.plays import CONVERSATION_S, Tone
from tests.rig.phone import IncomingCall
from tests.rig.sound import tone_seconds

Promise = tuple[str, bool]

NOTICE: Final = "inbound-notice"
QUESTION: Final = "outbound-opt-in"

KINDS: Final = (
    Kind("Inbound, the caller stays on the line", plays.stays, NOTICE, (NOTICE,), "stayed", "stayed", recorded=True),
    Kind("Inbound, the caller refuses by key", plays.refuses_inbound, NOTICE, ("refused",), "refused", "key", recorded=False),
    Kind("Inbound, the caller hangs up during the notice", plays.hangs_up, NOTICE, (), "unanswered", "none", recorded=False),
    Kind("Outbound, the callee accepts by key", plays.accepts, QUESTION, (QUESTION, "thank-you"), "granted", "key", recorded=True),
    Kind("Outbound, the callee refuses by key", plays.refuses_outbound, QUESTION, (QUESTION, "refused"), "refused", "key", recorded=False),
    Kind("Outbound, the callee presses no key", plays.presses_nothing, QUESTION, (QUESTION,) * 2, "unanswered", "none", recorded=False),
)

AGREE_S: Final = 0.2
"""How far the sound at the phone and the evidence in the database may be apart."""

MOST_OF_IT_S: Final = 0.8 * CONVERSATION_S
A_TRACE_S: Final = 0.05


def promises(account: Account) -> Iterator[Promise]:
    """All that were made for this call."""
    yield from _announced(account)
    yield from _decided(account)
    if account.played.inside is not None:
        yield from _apart(account)
    yield from _recorded(account) if account.kind.recorded else _unrecorded(account)


def _announced(account: Account) -> Iterator[Promise]:
    whole = tuple(heard.name for heard in account.heard if heard.whole)
    expected = account.kind.heard
    yield f"the outside person hears {', '.join(expected) or 'no announcement'} whole", whole == expected
    inside = account.played.inside
    if isinstance(inside, IncomingCall) and account.heard:
        first = account.heard[0]
        yield "the agent's phone does not ring before the notice is over", inside.started_at > first.begun + first.seconds - A_TRACE_S


def _decided(account: Account) -> Iterator[Promise]:
    person, kind = account.person, account.kind
    yield f"the decision is {kind.decision}, by {kind.how}", (person["decision"], person["how"]) == (kind.decision, kind.how)
    yield "the key that was pressed is stored, and no other", person["key"] == (account.played.pressed or None)
    yield "the decision names the version of the announcement", person["announcement"] == account.version
    yield "the evidence says heard whole where it was", person["complete"] == (kind.question in kind.heard)
    question = [heard for heard in account.heard if heard.name == kind.question]
    by_ear = question[-1].seconds if question else 0.0
    yield "the milliseconds heard agree with the sound", abs(person["heard_ms"] / 1000 - by_ear) < AGREE_S
    others = [party for party in account.call["parties"] if party is not person]
    yield "the agent is asked for nothing", all(party["decision"] in (None, "not_required") for party in others)


def _apart(account: Account) -> Iterator[Promise]:
    outside, inside = account.played.outside, account.played.inside
    assert inside is not None
    apart = hearing.voice_seconds(inside, Tone.ASKED) + hearing.voice_seconds(outside, Tone.WAITING) < A_TRACE_S
    yield "no sound passes between the two before the decision", apart
    voices = hearing.voice_seconds(inside, Tone.TALK), hearing.voice_seconds(outside, Tone.REPLY)
    yield "the two hear each other afterwards", min(voices) > MOST_OF_IT_S


def _recorded(account: Account) -> Iterator[Promise]:
    one, sound = account.recording, account.sound
    if one is None or sound is None:
        yield "the conversation is recorded", False
        return
    yield "there is one recording, and it is finished", len(account.call["recordings"]) == 1 and one["status"] == "stopped"
    yield "it holds both voices", min(tone_seconds(sound, Tone.TALK), tone_seconds(sound, Tone.REPLY)) > MOST_OF_IT_S
    before = tone_seconds(sound, Tone.ASKED) + tone_seconds(sound, Tone.WAITING)
    yield "it holds nothing from before the decision", before < A_TRACE_S
    yield "its SHA-256 is that of the file", one["sha256"] == account.sha256
    started, expires = datetime.fromisoformat(account.call["started_at"]), datetime.fromisoformat(one["expires_at"])
    yield "it expires six calendar months after the call began", expires == add_months(started, 6)


def _unrecorded(account: Account) -> Iterator[Promise]:
    yield "nothing is recorded", account.call["recordings"] == []
