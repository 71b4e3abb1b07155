"""Calls in which an outside person joins the conversation of another, and is told there that it is recorded."""

import time
from typing import Final

from tests.replay.scenarios_links import again
from tests.replay.stage import Stage, answered, ends, hang_up, policy, scenario, talk
from tests.rig.call import PhoneCall
from tests.rig.phone import IncomingCall, OutgoingCall
from tests.rig.site import QUESTION_SECONDS
from tests.rig.transfer import transfer

MOBILE: Final = "0733000222"
"""Somebody outside, who is reached without a line of ours."""

NOTICE: Final = policy("inbound", "notice")
OPT_IN: Final = policy("inbound", "opt-in")


def transferred(stage: Stage, *, accept: str = "") -> tuple[OutgoingCall, IncomingCall]:
    """The agent's phone sends the caller to a mobile phone outside and leaves."""
    caller = stage.dial_in()
    if accept:
        stage.asked()
        caller.press(accept)
    first = stage.agent_answers()
    talk()
    transfer(first, MOBILE)
    mobile = answered(stage.site.caller.wait_call(10), 880)
    first.hang_up()
    ends(first)
    return caller, mobile


def told(mobile: PhoneCall, times: int = 1) -> None:
    """Until the mobile's owner must have heard the prompt."""
    mobile.wait_answered(5)
    time.sleep(times * QUESTION_SECONDS + 0.6)


@scenario(NOTICE)
def joined_notice_stayed(stage: Stage) -> None:
    """The owner of the mobile phone hears the notice in the conversation; from its end on the recording goes on."""
    caller, mobile = transferred(stage)
    told(mobile)
    talk()
    hang_up(caller, mobile)


@scenario(NOTICE)
def joined_notice_hangup_during_notice(stage: Stage) -> None:
    """He hangs up in the middle of it."""
    caller, mobile = transferred(stage)
    time.sleep(0.9)
    hang_up(mobile, caller)


@scenario(NOTICE)
def joined_notice_refused_by_key(stage: Stage) -> None:
    """He presses the refusal key in the middle of it: the conversation goes on unrecorded."""
    caller, mobile = transferred(stage)
    time.sleep(0.9)
    mobile.press("9")
    told(mobile)
    hang_up(caller, mobile)


@scenario(OPT_IN)
def joined_opt_in_accepted(stage: Stage) -> None:
    """He hears the question and presses the acceptance key."""
    caller, mobile = transferred(stage, accept="1")
    told(mobile)
    mobile.press("1")
    talk()
    hang_up(caller, mobile)


@scenario(OPT_IN + "attempts = 1\n")
def joined_opt_in_no_key(stage: Stage) -> None:
    """He presses nothing: the recording stays paused to the end."""
    caller, mobile = transferred(stage, accept="1")
    told(mobile)
    time.sleep(1.8)
    talk()
    hang_up(caller, mobile)


@scenario(NOTICE)
def joined_daemon_restarted_in_notice(stage: Stage) -> None:
    """The daemon is killed while the notice is said to him and back before its end: it is said again, whole."""
    caller, mobile = transferred(stage)
    stage.wait_commands(stage.words.aside, 2 if stage.watcher else 1)
    time.sleep(0.3)
    again(stage)
    told(mobile)
    talk()
    hang_up(caller, mobile)
