"""Calls that come in and do not stay between two people: queues, transfers, forwarding, conferences."""

import time
from typing import Final

from tests.replay.stage import Stage, answered, ends, hang_up, policy, scenario, talk
from tests.rig.site import QUESTION_SECONDS
from tests.rig.transfer import transfer, transfer_to

NOTICE: Final = policy("inbound", "notice")

QUEUE: Final = """
[from-outside]
exten => 710,1,Gosub(callguard-inbound,s,1(rig))
 same => n,AddQueueMember(rig,PJSIP/agent)
 same => n,Queue(rig,,,,15)
 same => n,Hangup()
"""
FORWARDED: Final = """
[from-outside]
exten => 711,1,Gosub(callguard-inbound,s,1)
 same => n,Dial(PJSIP/mobile@caller,20)
 same => n,Hangup()
"""
CONFERENCE: Final = """
[from-outside]
exten => 712,1,Gosub(callguard-inbound,s,1)
 same => n,Goto(room,1)
exten => 713,1,Goto(room,1)
exten => room,1,Set(CONFBRIDGE(user,quiet)=yes)
 same => n,ConfBridge(room)
 same => n,Hangup()
[from-inside]
exten => 712,1,Goto(from-outside,room,1)
"""
SECOND_AGENT: Final = """
[from-inside]
exten => second,1,Dial(PJSIP/agent,20)
 same => n,Hangup()
"""


@scenario(NOTICE, SECOND_AGENT)
def inbound_blind_transfer(stage: Stage) -> None:
    """An administrator's Redirect takes the caller from the first agent to a second one; the recording goes on."""
    caller = stage.dial_in()
    first = stage.agent_answers()
    talk()
    stage.observer.action("Redirect", Channel=stage.channel("caller"), Context="from-inside", Exten="second", Priority="1")
    second = stage.agent_answers()
    ends(first)
    talk()
    hang_up(caller, second)


@scenario(NOTICE, SECOND_AGENT)
def inbound_transferred_by_phone(stage: Stage) -> None:
    """The first agent's phone sends the caller to a second one and leaves (REFER)."""
    caller = stage.dial_in()
    first = stage.agent_answers()
    talk()
    transfer(first, "second")
    second = stage.agent_answers()
    first.hang_up()
    talk()
    hang_up(caller, second)


@scenario(NOTICE, SECOND_AGENT)
def inbound_attended_transfer(stage: Stage) -> None:
    """The first agent calls a second one and then lets the caller take their place in that call (REFER with Replaces)."""
    caller = stage.dial_in()
    first = stage.agent_answers()
    talk()
    consultation = stage.site.agent.dial("second", stage.site.pbx.sip_port, caller="200", voice=600)
    second = stage.agent_answers()
    consultation.wait_answered(5)
    talk()
    transfer_to(first, consultation)
    ends(consultation)
    first.hang_up()
    talk()
    hang_up(caller, second)


@scenario(NOTICE, QUEUE)
def inbound_to_queue(stage: Stage) -> None:
    """The caller waits in a queue, whose only member answers; the policy could have been chosen by the queue."""
    caller = stage.dial_in("710")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE, FORWARDED)
def inbound_forwarded_outside(stage: Stage) -> None:
    """The call is forwarded to a mobile phone outside, whose owner is told in the conversation: recorded from then on."""
    caller = stage.dial_in("711")
    mobile = answered(stage.site.caller.wait_call(10), 880)
    time.sleep(QUESTION_SECONDS + 0.6)
    talk()
    hang_up(caller, mobile)


@scenario(NOTICE, CONFERENCE)
def inbound_conference(stage: Stage) -> None:
    """The caller and the agent meet in a conference; an outsider comes in, and leaves again while he is being told."""
    agent = stage.site.agent.dial("712", stage.site.pbx.sip_port, caller="200", voice=600)
    caller = stage.dial_in("712")
    stage.wait_commands("MixMonitor", 1)
    talk()
    outsider = stage.dial_in("713", caller="+40733000222")
    outsider.wait_answered(5)
    talk()
    hang_up(outsider)
    talk()
    hang_up(caller)
    hang_up(agent)


@scenario(NOTICE, CONFERENCE)
def inbound_conference_with_a_stranger(stage: Stage) -> None:
    """An outsider waits in the conference already, and leaves while he is being told; then the caller and the agent are recorded."""
    outsider = stage.dial_in("713", caller="+40733000222")
    outsider.wait_answered(5)
    agent = stage.site.agent.dial("712", stage.site.pbx.sip_port, caller="200", voice=600)
    agent.wait_answered(5)
    caller = stage.dial_in("712")
    stage.wait_commands("ASYNCAGI BREAK", 1)
    talk()
    hang_up(outsider)
    stage.wait_commands("MixMonitor", 1)
    talk()
    hang_up(caller)
    hang_up(agent)
