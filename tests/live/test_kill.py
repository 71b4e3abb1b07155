"""The daemon is killed with -9 at each step of a call, and started again or not (S1, S2, S3; design rules 1, 2, 9 and 11).

What must hold whatever the step: no file without committed evidence that covers the person; a decision that was committed stays; nobody
waits longer than the net; and after a restart rows, files and channels agree.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from callguard.announcements import Catalogue
from callguard.call.dialogue import NET_MARGIN_MS
from tests.rig.daemon import DaemonProcess
from tests.rig.dying_daemon import POINTS
from tests.rig.freeswitch import PrivateFreeswitch
from tests.rig.freeswitch_site import freeswitch_site
from tests.rig.phone import PhoneCall
from tests.rig.site import QUESTION_SECONDS, Site, both_ways, noise_prompts, site
from tests.rig.sound import contains_tone, silence_spans

pytestmark = pytest.mark.live

FIRST_NET_S = 5.0
"""From the hand-over, see dialplan/asterisk/callguard.conf and dialplan/freeswitch/callguard.xml."""

ANSWER_S = 1.5
SLACK_S = 1.0
NET_S = FIRST_NET_S + SLACK_S
"""The longest that anybody may wait with nothing to hear: the first net is the longest of all."""

STEPS = [(point, turn) for turn in range(4) for point in POINTS]
CONVERSATION = [(point, turn) for turn in range(4, 6) for point in POINTS]


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return noise_prompts(tmp_path_factory.mktemp("prompts"))


House = Callable[[Path], AbstractContextManager[Site]]


@pytest.fixture(scope="module", params=["asterisk", "freeswitch"])
def house(request: pytest.FixtureRequest, prompts: Catalogue) -> House:
    """Opens a site on this switch, which keeps its files in the folder."""
    policies = both_ways("opt-out", "opt-in")
    if request.param == "asterisk":
        return partial(site, request.getfixturevalue("asterisk_root"), policies=policies, catalogue=prompts)
    return partial(freeswitch_site, request.getfixturevalue("freeswitch_prefix"), policies=policies, catalogue=prompts)


def inbound(here: Site) -> tuple[PhoneCall, PhoneCall]:
    """A caller who stays; the agent's phone is answered when it rings."""
    outside = here.caller.dial("700", here.pbx.sip_port, voice=1500)
    inside = here.agent.wait_call(2 * NET_S + 2 * QUESTION_SECONDS)
    inside.answer()
    inside.speak(1100)
    return outside, inside


def outbound(here: Site) -> tuple[PhoneCall, PhoneCall]:
    """A callee who accepts, as often as he is asked, until the two are joined."""
    inside = here.agent.dial("0744555666", here.pbx.sip_port, caller="200", voice=1100)
    outside = here.caller.wait_call(3)
    outside.answer()
    outside.speak(1500)
    joined = threading.Event()
    accepting = threading.Thread(target=_accept_until, args=(outside, joined))
    accepting.start()
    try:
        inside.wait_answered(3 * NET_S + 2 * QUESTION_SECONDS)
    finally:
        joined.set()
        accepting.join()
    return outside, inside


def _accept_until(outside: PhoneCall, joined: threading.Event) -> None:
    while not joined.wait(0.7):
        outside.press("1")


def talk_and_end(outside: PhoneCall, inside: PhoneCall, until: Callable[[], object] = lambda: None) -> None:
    """Both are heard by the other, so the call went on; then, after whatever they wait for, the agent hangs up."""
    outside.wait_until("the agent's voice", lambda: contains_tone(outside.heard()[-8000:], 1100), 3)
    inside.wait_until("the caller's voice", lambda: contains_tone(inside.heard()[-8000:], 1500), 3)
    until()
    time.sleep(0.8)
    inside.hang_up()
    outside.wait_ended(3)


def succeed(here: Site, first: DaemonProcess) -> None:
    """As systemd does after a crash."""
    first.wait_dead(30)
    here.start_daemon()


def longest_silence(call: PhoneCall, start: float, end: float) -> float:
    """Seconds of the longest stretch in which this person heard nothing."""
    return max((stop - begin for begin, stop in silence_spans(call.heard(start, end), 0.3)), default=0.0)


def is_idle(here: Site) -> bool:
    """The PBX has no channel left."""
    if isinstance(here.pbx, PrivateFreeswitch):
        return here.pbx.cli("show channels count").strip().startswith("0 ")
    return here.pbx.cli("core show channels count").startswith("0 active channels")


def check_evidence(here: Site) -> list[dict[str, Any]]:
    """Every file belongs to a recording whose person was covered by a committed decision before it began."""
    calls = here.calls()
    known = {recording["path"]: call for call in calls for recording in call["recordings"]}
    for file in here.recordings.rglob("*.wav"):
        call = known[str(file.relative_to(here.recordings))]
        outside = next(party for party in call["parties"] if party["decision"] != "not_required")
        assert outside["decision"] in ("granted", "stayed")
        assert outside["complete"]
        started_at = call["recordings"][0]["started_at"]  # unknown where the daemon died before the PBX's answer came
        assert started_at is None or outside["decided_at"] <= started_at
    return calls


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_killed_and_never_restarted(house: House, tmp_path: Path, direction: str) -> None:
    """At every step the call goes on within the net, inbound and outbound, and nothing unproven is recorded."""
    steps = STEPS + CONVERSATION

    def one(step: tuple[str, int]) -> None:
        folder = tmp_path / f"{step[0]}-{step[1]}"
        folder.mkdir()
        with house(folder) as here:
            daemon = here.start_daemon("tests.rig.dying_daemon", step[0], str(step[1]))
            outside, inside = inbound(here) if direction == "inbound" else outbound(here)
            talk_and_end(outside, inside)
            assert daemon.exit_status in (-9, None), daemon.log_tail()
            answered = outside.answered_at
            assert answered is not None
            joined = inside.answered_at
            assert joined is not None
            assert longest_silence(outside, answered, joined) <= NET_S
            check_evidence(here)

    each(one, steps)


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_killed_and_restarted_within_the_net(house: House, tmp_path: Path, direction: str) -> None:
    """The new daemon takes the call up: the person is asked to the end, and the call is recorded as decided."""

    def one(step: tuple[str, int]) -> None:
        folder = tmp_path / f"{step[0]}-{step[1]}"
        folder.mkdir()
        with house(folder) as here:
            first = here.start_daemon("tests.rig.dying_daemon", step[0], str(step[1]))
            successor = threading.Thread(target=succeed, args=(here, first))
            successor.start()
            outside, inside = inbound(here) if direction == "inbound" else outbound(here)
            talk_and_end(outside, inside, until=successor.join)
            call = here.wait_call(lambda call: bool(call["ended_at"] and call["recordings"] and call["recordings"][0]["sha256"]))
            assert [recording["status"] for recording in call["recordings"]] == ["stopped"]
            person = next(party for party in call["parties"] if party["decision"] != "not_required")
            assert person["decision"] == ("stayed" if direction == "inbound" else "granted")
            assert len(check_evidence(here)) == 1
            sound = here.recorded(call)
            assert contains_tone(sound, 1500)
            assert contains_tone(sound, 1100)
            assert is_idle(here)

    each(one, STEPS, at_a_time=2)  # a successor has three seconds to start, and starting is work


def each(one: Any, steps: list[tuple[str, int]], at_a_time: int = 4) -> None:  # noqa: ANN401 - a function of a step
    """Four sites at a time: what they do is wait."""
    with ThreadPoolExecutor(at_a_time) as pool:
        for step, outcome in [(step, pool.submit(one, step)) for step in steps]:
            try:
                outcome.result()
            except Exception as error:
                error.add_note(f"killed at {step[0]} of turn {step[1]}")
                raise


def test_dead_before_the_call(house: House, tmp_path: Path) -> None:
    """A stale heartbeat: the call goes on at once, unrecorded and unannounced."""
    with house(tmp_path) as here:
        here.start_daemon().kill()
        time.sleep(6.5)
        begun = time.monotonic()
        outside, inside = inbound(here)
        assert inside.started_at - begun < 0.5
        talk_and_end(outside, inside)
        outside, inside = outbound(here)
        assert inside.answered_at is not None
        assert outside.answered_at is not None
        assert abs(inside.answered_at - outside.answered_at) < 0.5
        talk_and_end(outside, inside)
        assert not list(here.recordings.rglob("*.wav"))


def test_the_net_is_as_long_as_it_says() -> None:
    assert NET_MARGIN_MS / 1000 + ANSWER_S < FIRST_NET_S
