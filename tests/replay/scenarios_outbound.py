"""Calls that go out, and text messages both ways."""

import time
from typing import Final

from tests.replay.stage import CALLEE, Stage, ends, hang_up, policy, scenario, talk

OPT_IN: Final = policy("outbound", "opt-in")


@scenario(OPT_IN)
def outbound_opt_in_accepted(stage: Stage) -> None:
    """The callee presses 1 after the prompt and talks to the agent."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    callee.press("1")
    agent.wait_answered(10)
    talk()
    hang_up(agent, callee)


@scenario(OPT_IN)
def outbound_callee_ends_accepted_call(stage: Stage) -> None:
    """As before, but the callee hangs up."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    callee.press("1")
    agent.wait_answered(10)
    talk()
    hang_up(callee, agent)


@scenario(OPT_IN)
def outbound_opt_in_refused(stage: Stage) -> None:
    """The callee presses 2 after the prompt and talks to the agent unrecorded."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    callee.press("2")
    agent.wait_answered(10)
    talk()
    hang_up(agent, callee)


@scenario(OPT_IN)
def outbound_opt_in_refused_early(stage: Stage) -> None:
    """The callee presses 2 in the middle of the prompt: refusing needs no information."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.started()
    callee.press("2")
    agent.wait_answered(10)
    talk()
    hang_up(agent, callee)


@scenario(policy("outbound", "opt-in", 'on_refusal = "hangup"'))
def outbound_opt_in_refused_hangup(stage: Stage) -> None:
    """The callee refuses and the policy ends the call."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    callee.press("2")
    ends(callee, agent)


@scenario(OPT_IN)
def outbound_opt_in_no_key(stage: Stage) -> None:
    """The callee presses nothing, twice, and talks to the agent unrecorded."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    agent.wait_answered(15)
    talk()
    hang_up(agent, callee)


@scenario(OPT_IN)
def outbound_busy(stage: Stage) -> None:
    """The callee is busy."""
    stage.site.caller.on_invite = "busy"
    ends(stage.dial_out())


@scenario(OPT_IN)
def outbound_cancelled_while_ringing(stage: Stage) -> None:
    """The agent gives up before the callee answers."""
    agent = stage.dial_out()
    callee = stage.site.caller.wait_call(5)
    time.sleep(0.4)
    hang_up(agent, callee)


@scenario(OPT_IN)
def outbound_caller_gives_up_while_asked(stage: Stage) -> None:
    """The agent hangs up while the callee is being asked; the callee is not kept."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    hang_up(agent, callee)


@scenario(OPT_IN)
def outbound_callee_hangs_up_while_asked(stage: Stage) -> None:
    """The callee hangs up instead of pressing a key; the agent hears that nobody answered."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    hang_up(callee, agent)


@scenario(OPT_IN)
def outbound_withdrawn_in_mid_call(stage: Stage) -> None:
    """The callee accepts, and takes it back by *9 in the conversation."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    callee.press("1")
    agent.wait_answered(10)
    talk()
    callee.press("*9")
    talk()
    hang_up(agent, callee)


@scenario(policy("outbound", "notice"))
def outbound_notice(stage: Stage) -> None:
    """The callee is told and stays."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    agent.wait_answered(10)
    talk()
    hang_up(agent, callee)


@scenario(policy("outbound", "opt-out"))
def outbound_opt_out_silent(stage: Stage) -> None:
    """The callee lets the time for the refusal key pass."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    agent.wait_answered(10)
    talk()
    hang_up(agent, callee)


@scenario(policy("outbound", "never"))
def outbound_never(stage: Stage) -> None:
    """Nothing is played and nothing is recorded."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    agent.wait_answered(10)
    talk()
    hang_up(agent, callee)


@scenario(policy("inbound", "opt-in") + OPT_IN)
def two_calls_at_once(stage: Stage) -> None:
    """A caller who accepts and a callee who refuses, their prompts side by side."""
    caller = stage.dial_in()
    second = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked(2)
    caller.press("1")
    callee.press("2")
    first = stage.agent_answers()
    second.wait_answered(10)
    talk()
    hang_up(caller, first)
    hang_up(second, callee)


@scenario(OPT_IN)
def sms_inbound(stage: Stage) -> None:
    """A text comes in from outside: from, to, when, and no word of what it says."""
    stage.site.caller.message("agent", "canary", stage.site.pbx.sip_port)
    stage.site.wait("the text", lambda: stage.site.agent.messages)


@scenario(OPT_IN)
def sms_outbound(stage: Stage) -> None:
    """A text goes out; its body tries to be a header."""
    stage.site.agent.message(CALLEE, "canary\r\nTo: +40700000000", stage.site.pbx.sip_port, caller="200")
    stage.site.wait("the text", lambda: stage.site.caller.messages)


@scenario(OPT_IN)
def outbound_opt_in_early_key(stage: Stage) -> None:
    """The callee presses 1 in the middle of the prompt, which is no consent, and again after it."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.started()
    callee.press("1")
    stage.asked()
    callee.press("1")
    agent.wait_answered(10)
    talk()
    hang_up(agent, callee)
