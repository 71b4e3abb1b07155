"""Calls during which the daemon, the PBX or the wire between them fails."""

import os
import signal
import time
from collections.abc import Callable
from typing import Final

from tests.replay.stage import Stage, hang_up, policy, scenario, talk

NOTICE: Final = policy("inbound", "notice")
BOTH: Final = NOTICE + policy("outbound", "opt-in")
NET_S: Final = 5.5
"""Longer than the prompt and the net's margin behind it."""


def again(stage: Stage) -> None:
    """The daemon is killed and started at once."""
    stage.daemon.kill()
    stage.recorder.mark("started")
    stage.site.start_daemon()


@scenario(NOTICE)
def daemon_restarted_in_prompt(stage: Stage) -> None:
    """Killed in the middle of the notice and back within the net: the notice is said again, whole."""
    caller = stage.dial_in()
    stage.started()
    again(stage)
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(policy("outbound", "opt-in"))
def daemon_restarted_while_asking(stage: Stage) -> None:
    """Killed while the callee's key is waited for and back within the net: the callee is asked again."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    again(stage)
    stage.asked(2)
    callee.press("1")
    agent.wait_answered(10)
    talk()
    hang_up(agent, callee)


@scenario(NOTICE)
def daemon_restarted_in_conversation(stage: Stage) -> None:
    """Killed while it records: the recording goes on, and the restarted daemon stops it on withdrawal."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    again(stage)
    talk()
    caller.press("*9")
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def daemon_missed_the_end(stage: Stage) -> None:
    """Killed in the conversation and back when the call is over."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    stage.daemon.kill()
    hang_up(caller, agent)
    stage.recorder.mark("started")
    stage.site.start_daemon()


@scenario(NOTICE)
def daemon_missed_the_net(stage: Stage) -> None:
    """Killed in the notice; the net takes the call back, which goes on unrecorded; the daemon returns in the conversation."""
    caller = stage.dial_in()
    stage.started()
    stage.daemon.kill()
    agent = stage.agent_answers()
    stage.recorder.mark("started")
    stage.site.start_daemon()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def net_took_the_call_back(stage: Stage) -> None:
    """The daemon stands still during the notice for longer than the net, and then finds the call gone on."""
    caller = stage.dial_in()
    stage.started()
    os.kill(stage.daemon.pid, signal.SIGSTOP)
    stage.recorder.mark("stopped")
    time.sleep(NET_S)
    stage.recorder.mark("continued")
    os.kill(stage.daemon.pid, signal.SIGCONT)
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(BOTH)
def net_took_the_callee_back(stage: Stage) -> None:
    """The same while a callee is asked."""
    agent = stage.dial_out()
    callee = stage.callee_answers()
    stage.asked()
    os.kill(stage.daemon.pid, signal.SIGSTOP)
    stage.recorder.mark("stopped")
    agent.wait_answered(15)
    stage.recorder.mark("continued")
    os.kill(stage.daemon.pid, signal.SIGCONT)
    talk()
    hang_up(agent, callee)


@scenario(NOTICE)
def link_cut_in_prompt(stage: Stage) -> None:
    """The connection breaks in the middle of the notice and comes back within the net."""
    caller = stage.dial_in()
    stage.started()
    stage.recorder.cut()
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def link_cut_in_conversation(stage: Stage) -> None:
    """The connection breaks while the call is recorded; nothing is said to the PBX twice."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    stage.recorder.cut()
    stage.wait_commands(stage.words.snapshot, 2)
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def pbx_restarted(stage: Stage) -> None:
    """The PBX is restarted in order while it records; then there is a second call."""
    _pbx_goes(stage, stage.site.pbx.restart)


@scenario(NOTICE)
def pbx_killed(stage: Stage) -> None:
    """The PBX dies while it records; its channel names start over with the second call."""

    def die_and_return() -> None:
        stage.site.pbx.kill()
        stage.site.pbx.start()

    _pbx_goes(stage, die_and_return)


def _pbx_goes(stage: Stage, goes: Callable[[], None]) -> None:
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    goes()
    stage.wait_commands(stage.words.snapshot, 2)
    caller.hang_up()
    agent.hang_up()
    time.sleep(0.5)
    second = stage.dial_in()
    other = stage.agent_answers()
    talk()
    hang_up(second, other)
