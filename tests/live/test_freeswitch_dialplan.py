"""What `dialplan/freeswitch/callguard.xml` does by itself on a real FreeSWITCH, without the daemon: an ESL connection gives its orders.

The gate, the net, the orders, and that nobody is heard before the decision (S1, S2; design rules 1 and 9), proven by sound.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.live.staging import Tone, heard_of, heard_whole, holds, traces
from tests.rig.freeswitch import PrivateFreeswitch
from tests.rig.freeswitch_esl import Esl, Told
from tests.rig.phone import IncomingCall, OutgoingCall, Phone
from tests.rig.site import speechlike
from tests.rig.sound import RATE, contains_tone, read_wav, write_wav

pytestmark = pytest.mark.live

FIRST_NET_S: Final = 5.0
NET_S: Final = 3.0
SLACK_S: Final = 0.5
PROMPT_S: Final = 0.8
PROMPT: Final = speechlike(PROMPT_S, seed=1, rate=RATE)
WAITING: Final = ("silence_stream://5000", "silence_stream://3000")
EVENTS: Final = (
    "PLAYBACK_START RECORD_START RECORD_STOP CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB"
    " CUSTOM callguard::inbound callguard::outbound callguard::back"
)

ORDERS_OF_THE_LARGEST: Final = 12
"""What the largest policy takes that can be configured (tests/unit/test_call_consent_table.py)."""

DIALPLAN: Final = """
<context name="from-outside">
  <extension name="company"><condition field="destination_number" expression="^700$">
    <action application="execute_extension" data="inbound:sales XML callguard"/>
    <action application="bridge" data="sofia/rig/agent@$${phone_agent}"/>
  </condition></extension>
</context>
<context name="from-inside">
  <extension name="out"><condition field="destination_number" expression="^(0\\d+)$">
    <action application="set" data="call_timeout=2"/>
    <action application="execute_extension" data="outbound XML callguard"/>
    <action application="bridge" data="sofia/gateway/caller/$1"/>
  </condition></extension>
</context>
"""

MESSAGES: Final = """
<context name="rig">
  <extension name="in"><condition field="to_user" expression="^agent$">
    <action application="set"
      data="callguard_told=${bgapi(echo callguard-message inbound ${url_encode(${to_user})} ${url_encode(${from_user})})}"/>
    <action application="set" data="to=agent@$${phone_agent}"/>
  </condition></extension>
</context>
"""


@dataclass(frozen=True, slots=True)
class Stand:
    """The PBX, its two phones, and somebody who does by hand what the daemon does."""

    pbx: PrivateFreeswitch
    caller: Phone
    agent: Phone
    esl: Esl

    @property
    def prompt(self) -> Path:
        return self.pbx.sounds.outside / "prompt.wav"

    def beat(self, seconds: int) -> None:
        """The heartbeat: believed for so long from now."""
        self.esl.api(f"global_setvar callguard_until={int(self.esl.api('strepoch')) + seconds}")

    def dial_in(self, caller: str = "+40722000111", display: str = "", headers: tuple[tuple[str, str], ...] = ()) -> OutgoingCall:
        return self.caller.dial("700", self.pbx.sip_port, caller=caller, display=display, headers=headers, voice=Tone.BEFORE)

    def dial_out(self) -> OutgoingCall:
        return self.agent.dial("0744555666", self.pbx.sip_port, caller="200", voice=Tone.RINGING)

    def handed_over(self) -> str:
        """The leg of the first inbound caller about whom we were told."""
        return self.esl.wait("an inbound caller", lambda told: told.get("Event-Subclass") == "callguard::inbound")["Unique-ID"]

    def waiting(self, times: int = 1) -> Told:
        """The so-many-th time that the leg waits for an order, which says what became of the one before."""

        def seen() -> list[Told]:
            return [told for told in self.esl.named("PLAYBACK_START") if told["Playback-File-Path"] in WAITING]

        self.esl.wait(f"waiting no. {times}", lambda _: len(seen()) >= times)
        return seen()[times - 1]

    def order(self, leg: str, order: str) -> None:
        assert self.esl.api(f"uuid_setvar {leg} callguard_order {order}").startswith("+OK")
        assert self.esl.api(f"uuid_break {leg}").startswith("+OK")

    def announce(self, leg: str, step: int, keys: str = "none") -> None:
        self.order(leg, f"announce:{step}:{keys}:{self.prompt}")


@pytest.fixture(scope="module")
def house(freeswitch_prefix: Path) -> Iterator[Stand]:
    with (
        Phone("caller") as caller,
        Phone("agent") as agent,
        PrivateFreeswitch(
            freeswitch_prefix,
            phones={"caller": caller.port, "agent": agent.port},
            outside={"caller"},
            extra_dialplan=DIALPLAN,
            messages=MESSAGES,
        ) as pbx,
        pbx.esl(EVENTS) as esl,
    ):
        opened = Stand(pbx, caller, agent, esl)
        write_wav(opened.prompt, PROMPT, RATE)
        yield opened


@pytest.fixture
def stand(house: Stand) -> Iterator[Stand]:
    """The house with a living heartbeat, nothing told yet, and no call left behind."""
    house.esl.seen.clear()
    house.beat(60)
    yield house
    for phone in (house.caller, house.agent):
        for call in phone.calls:
            call.hang_up()
        phone.calls.clear()
    deadline = time.monotonic() + 5
    while not house.esl.api("show channels count").strip().startswith("0 "):
        assert time.monotonic() < deadline, "calls are left behind"
        time.sleep(0.02)


def rings(phone: Phone, bound_s: float = 3.0) -> tuple[IncomingCall, float]:
    """The call that comes in, and when it did."""
    call = phone.wait_call(bound_s)
    return call, call.started_at


@pytest.mark.parametrize("until", ["", "1000000000", "soon"])
def test_a_stale_heartbeat_lets_every_call_pass_at_once(stand: Stand, until: str) -> None:
    """Design rule 1: absent, expired or nonsense, and nothing of callguard's is done to the call."""
    stand.esl.api(f"global_setvar callguard_until={until}")
    inbound = stand.dial_in()
    _, rang_at = rings(stand.agent)
    assert rang_at - inbound.started_at < SLACK_S
    assert inbound.answered_at is None
    outbound = stand.dial_out()
    callee, _ = rings(stand.caller)
    callee.answer()
    outbound.wait_answered(1)
    assert not [told for told in stand.esl.seen if told["Event-Name"] == "CUSTOM"]


def test_without_a_daemon_the_net_lets_the_calls_go_on(stand: Stand) -> None:
    """S1, design rule 9: 5 s after the hand-over of a caller, and of a callee."""
    unheard = stand.dial_in()
    leg = stand.handed_over()
    outbound = stand.dial_out()
    callee, _ = rings(stand.caller)
    callee.answer()
    assert callee.answered_at is not None
    _, first_rang_at = rings(stand.agent, FIRST_NET_S + SLACK_S)
    assert first_rang_at - unheard.started_at == pytest.approx(FIRST_NET_S, abs=SLACK_S)
    assert unheard.answered_at is None
    outbound.wait_answered(2 * SLACK_S)
    assert outbound.answered_at is not None
    assert outbound.answered_at - callee.answered_at == pytest.approx(FIRST_NET_S, abs=SLACK_S)
    held = {leg, stand.waiting()["Unique-ID"]}
    stand.esl.wait("both hand-backs", lambda _: {told["Unique-ID"] for told in stand.esl.named("callguard::back")} == held)
    assert not [told for told in stand.esl.named("callguard::back") if "variable_callguard_hand" in told]


def test_the_net_begins_anew_behind_each_prompt_and_late_orders_do_nothing(stand: Stand) -> None:
    inbound = stand.dial_in()
    leg = stand.handed_over()
    stand.announce(leg, 1)
    stand.waiting()
    waits_since = time.monotonic()
    inbound.press("*")  # which ends a sound of FreeSWITCH's where nothing else is said
    connected, rang_at = rings(stand.agent, NET_S + SLACK_S)
    assert rang_at - waits_since == pytest.approx(NET_S, abs=SLACK_S)
    heard_so_far = time.monotonic()
    stand.announce(leg, 2)
    connected.answer()
    connected.speak(Tone.REPLY)
    time.sleep(0.2)
    stand.announce(leg, 3)
    time.sleep(PROMPT_S)
    heard = inbound.heard(heard_so_far)
    assert traces(heard, Tone.REPLY)
    assert heard_of(connected, PROMPT) < 0.5
    assert len(stand.esl.named("PLAYBACK_START")) == 2, "the prompt and the waiting behind it"


def test_an_inbound_caller_is_announced_to_and_asked_before_anybody_rings(stand: Stand) -> None:
    """S1: the prompt is heard whole, by a caller who is answered only for that; a key that came too early is not taken for an answer."""
    inbound = stand.dial_in()
    leg = stand.handed_over()
    assert inbound.answered_at is None
    stand.announce(leg, 1)
    inbound.wait_answered(1)
    inbound.press("1")
    heard = stand.waiting()
    assert (heard["variable_callguard_step"], int(heard["variable_callguard_heard"])) == ("1", len(PROMPT))
    assert "variable_callguard_key" not in heard
    stand.order(leg, "ask:2:500")
    assert "variable_callguard_key" not in stand.waiting(2)
    stand.order(leg, "ask:3:2000")
    inbound.press("#")
    asked = stand.waiting(3)
    assert (asked["variable_callguard_step"], asked["variable_callguard_key"]) == ("3", "#")
    stand.announce(leg, 4)
    stand.waiting(4)
    assert not stand.agent.calls
    released = time.monotonic()
    stand.order(leg, "release")
    _, rang_at = rings(stand.agent)
    assert rang_at - released < SLACK_S
    heard_whole(inbound, PROMPT)
    time.sleep(0.3)
    assert contains_tone(inbound.heard(rang_at), 425), "nobody tells an answered caller by SIP that it rings"


def test_only_the_keys_of_the_order_cut_a_prompt(stand: Stand) -> None:
    inbound = stand.dial_in()
    leg = stand.handed_over()
    stand.announce(leg, 1, keys="9*")
    inbound.wait_answered(1)
    inbound.press("1#")
    inbound.press("*")
    cut = stand.waiting()
    assert cut["variable_callguard_key"] == "*"
    assert 0 < int(cut["variable_callguard_heard"]) < len(PROMPT)


def test_a_missing_sound_was_not_heard(stand: Stand) -> None:
    """Design rule 4: what an earlier prompt left behind is not taken for this one's."""
    stand.dial_in()
    leg = stand.handed_over()
    stand.announce(leg, 1)
    stand.waiting()
    stand.order(leg, "announce:2:none:/nowhere/missing.wav")
    missing = stand.waiting(2)
    assert missing["variable_callguard_step"] == "2"
    assert "variable_callguard_heard" not in missing


def test_a_caller_who_hangs_up_in_the_prompt_leaves_what_he_heard(stand: Stand) -> None:
    inbound = stand.dial_in()
    stand.announce(stand.handed_over(), 1)
    inbound.wait_answered(1)
    time.sleep(PROMPT_S / 2)
    inbound.hang_up()
    over = stand.esl.wait("the hang-up", lambda told: told["Event-Name"] == "CHANNEL_HANGUP_COMPLETE")
    assert over["variable_callguard_step"] == "1"
    assert 0 < int(over["variable_playback_last_offset_pos"]) < len(PROMPT)


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_a_leg_carries_out_twice_the_orders_of_the_largest_policy(stand: Stand, direction: str) -> None:
    """Each is a level deeper, and FreeSWITCH knows 32; at the last one the leg is the dialplan's again, and the call goes on (rule 9)."""
    write_wav(stand.pbx.sounds.outside / "short.wav", PROMPT[:400], RATE)
    calling = stand.dial_in() if direction == "inbound" else stand.dial_out()
    if direction == "outbound":
        rings(stand.caller)[0].answer()
    leg = stand.handed_over() if direction == "inbound" else stand.waiting()["Unique-ID"]
    orders = 0
    while not stand.esl.named("callguard::back"):
        orders += 1
        stand.order(leg, f"announce:{orders}:none:{stand.pbx.sounds.outside}/short.wav")
        stand.esl.wait(f"the end of order {orders}", partial(is_over, str(orders)))
    assert orders - 1 >= 2 * ORDERS_OF_THE_LARGEST
    if direction == "inbound":
        rings(stand.agent)[0].answer()
    calling.wait_answered(1)


def is_over(step: str, told: Told) -> bool:
    """Whether the leg waits again behind this order, or was given back instead."""
    waits = told.get("Playback-File-Path") in WAITING and told.get("variable_callguard_step") == step
    return waits or told.get("Event-Subclass") == "callguard::back"


def test_a_second_start_of_a_recording_is_answered_yes_and_does_nothing(stand: Stand) -> None:
    """S3, S8: one beginning, one end, and one file with what was said before and after it."""
    inbound = stand.dial_in()
    leg = stand.handed_over()
    stand.order(leg, "release")
    agent, _ = rings(stand.agent)
    agent.answer()
    inbound.wait_answered(2)
    path = stand.pbx.recordings.outside / "twice.wav"
    for spoken in (Tone.TALK, Tone.LEFT):
        assert stand.esl.api(f"uuid_record {leg} start {path}").startswith("+OK")
        inbound.speak(spoken)
        time.sleep(0.5)
    assert stand.esl.api(f"uuid_record {leg} stop {path}").startswith("+OK")
    stand.esl.wait("the end", lambda told: told["Event-Name"] == "RECORD_STOP")
    assert len(stand.esl.named("RECORD_START")) == 1
    assert holds(read_wav(path)[1], Tone.TALK, Tone.LEFT) == [Tone.TALK, Tone.LEFT]
    assert stand.esl.api(f"uuid_record {leg} stop {path}").startswith("-ERR")


def test_a_callee_is_asked_before_either_hears_the_other(stand: Stand) -> None:
    """S2: after the answer, before the bridge. The caller hears ringing until the release; `call_timeout` bounds the ringing alone."""
    outbound = stand.dial_out()
    callee, _ = rings(stand.caller)
    callee.speak(Tone.BEFORE)
    callee.answer()
    handed = stand.waiting()
    leg, call = handed["Unique-ID"], handed["variable_callguard_call"]
    assert call == stand.esl.named("callguard::outbound")[0]["Unique-ID"]
    stand.announce(leg, 1)
    stand.waiting(2)
    stand.order(leg, "ask:2:1500")
    time.sleep(1.2)
    assert time.monotonic() - outbound.started_at > 2, "longer than the phone may ring"
    callee.press("1")
    assert stand.waiting(3)["variable_callguard_key"] == "1"
    heard_whole(callee, PROMPT)
    assert (outbound.at("180") > 0, outbound.answered_at) == (True, None)
    assert traces(callee.heard(), Tone.RINGING) == []
    callee.speak(Tone.TALK)
    time.sleep(0.1)
    stand.order(leg, "release")
    outbound.wait_answered(1)
    outbound.speak(Tone.REPLY)
    time.sleep(0.4)
    assert traces(outbound.heard(), Tone.BEFORE, Tone.TALK) == [Tone.TALK]
    assert traces(callee.heard(), Tone.REPLY) == [Tone.REPLY]


def test_early_media_is_ringing_to_the_caller_and_no_answer(stand: Stand) -> None:
    """Of a provider who never says 180; and nobody is asked before having answered."""
    stand.caller.on_invite = "silent"
    outbound = stand.dial_out()
    callee, _ = rings(stand.caller)
    stand.caller.on_invite = "ring"
    callee.speak(Tone.BEFORE)
    callee.progress()
    outbound.wait_ringing(1)
    time.sleep(0.3)
    assert traces(outbound.heard(), Tone.BEFORE) == []
    assert not stand.esl.named("PLAYBACK_START")
    callee.answer()
    stand.waiting()


def test_a_callee_who_does_not_answer_rings_as_long_as_the_site_says(stand: Stand) -> None:
    outbound = stand.dial_out()
    callee, _ = rings(stand.caller)
    outbound.wait_ended(4)
    assert callee.wait_ended(1).status == 487
    over = stand.esl.wait("the end of the dialling", lambda told: "variable_originate_disposition" in told)
    assert over["variable_originate_disposition"] == "ALLOTTED_TIMEOUT"


@pytest.mark.parametrize("leaving", ["caller", "callee"])
def test_whoever_leaves_while_the_callee_is_asked_ends_the_call_of_both(stand: Stand, leaving: str) -> None:
    outbound = stand.dial_out()
    callee, _ = rings(stand.caller)
    callee.answer()
    stand.announce(stand.waiting()["Unique-ID"], 1)
    time.sleep(PROMPT_S / 2)
    (outbound if leaving == "caller" else callee).hang_up()
    outbound.wait_ended(1)
    callee.wait_ended(1)


def test_no_caller_can_write_a_variable_or_run_anything(stand: Stand, tmp_path: Path) -> None:
    """Names that FreeSWITCH would expand, line breaks, and headers that are called like our variables."""
    touched = tmp_path / "touched"
    headers = (("X-callguard_order", "release"), ("P-callguard_call", "forged"), ("X-FS-callguard_hand", "forged"))
    hostile = f"${{system(touch {touched})}}"
    for caller, display in ((hostile, "x"), ("0722", hostile), ("07%0AUnique-ID: forged", "a%0Ab")):
        stand.esl.seen.clear()
        inbound = stand.dial_in(caller, display, headers)
        told = stand.esl.wait("the call", lambda told: told.get("Event-Subclass") == "callguard::inbound")
        assert told["Unique-ID"] == told["variable_callguard_call"] != "forged"
        assert told["variable_callguard_hand"] == "inbound"
        stand.announce(told["Unique-ID"], 1)
        stand.waiting()
        inbound.hang_up()
    assert not touched.exists()
    assert not stand.agent.calls, "the forged order was not followed"


def test_a_text_is_told_without_what_it_says(stand: Stand) -> None:
    """C1: whom and from whom, as the command line of a job; the body is in no event that is asked for."""
    stand.caller.message("agent", "canary\r\n\r\nJob-Command: forged", stand.pbx.sip_port, caller="0722000111")
    told = stand.esl.wait("the text", lambda told: told["Event-Name"] == "BACKGROUND_JOB")
    assert (told["Job-Command"], told["Job-Command-Arg"]) == ("echo", "callguard-message inbound agent 0722000111")
    assert not [told for told in stand.esl.seen if "canary" in str(told)]
