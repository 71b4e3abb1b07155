"""Calls that come in: every mode, every kind of answer, and what can become of the call afterwards."""

import json
import shutil
import time
from pathlib import Path
from typing import Final

from callguard.announcements import BuildSettings, build
from tests.replay.stage import Stage, ends, hang_up, policy, scenario, talk
from tests.rig.site import QUESTION_SECONDS, Site, speechlike
from tests.rig.sound import write_wav

NOTICE: Final = policy("inbound", "notice")
OPT_OUT: Final = policy("inbound", "opt-out")
OPT_IN: Final = policy("inbound", "opt-in")

VOICEMAIL: Final = """
[from-outside]
exten => 714,1,Gosub(callguard-inbound,s,1)
 same => n,Playtones(425)
 same => n,Wait(1)
 same => n,Hangup()
"""
LIMITED: Final = """
[from-outside]
exten => 715,1,Set(TIMEOUT(absolute)=4)
 same => n,Gosub(callguard-inbound,s,1)
 same => n,Dial(PJSIP/agent,20)
 same => n,Hangup()
"""


@scenario(NOTICE)
def inbound_notice_stayed(stage: Stage) -> None:
    """The caller hears the whole notice, talks to the agent, and hangs up."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def inbound_agent_hangs_up(stage: Stage) -> None:
    """As before, but the agent hangs up."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    hang_up(agent, caller)


@scenario(NOTICE)
def inbound_notice_refused_by_key(stage: Stage) -> None:
    """The caller presses 9 in the middle of the notice and talks to the agent unrecorded."""
    caller = stage.dial_in()
    stage.started()
    caller.press("9")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def inbound_notice_hangup_during_notice(stage: Stage) -> None:
    """The caller hangs up in the middle of the notice."""
    caller = stage.dial_in()
    stage.started()
    hang_up(caller)


def uninstalled(site: Site, folder: Path) -> None:
    """The daemon knows an edition of the prompts that the PBX never got."""
    sources = folder / "missing"
    shutil.copytree(folder / "sources", sources)
    write_wav(sources / "ro" / "inbound-notice.wav", speechlike(QUESTION_SECONDS, 4711), 16_000)
    made = build(BuildSettings(), sources, folder / "uninstalled").catalogue
    text = site.config.read_text()
    site.config.write_text(text.replace(json.dumps(str(site.catalogue.folder)), json.dumps(str(made.folder))))
    site.catalogue = made


@scenario(NOTICE, prepare=uninstalled)
def inbound_notice_missing_sound(stage: Stage) -> None:
    """The PBX has no such sound file: nobody was told, so nothing is recorded."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(OPT_OUT)
def inbound_opt_out_silent(stage: Stage) -> None:
    """The caller lets the time for the refusal key pass."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(OPT_OUT)
def inbound_opt_out_refused(stage: Stage) -> None:
    """The caller presses the refusal key after the prompt."""
    caller = stage.dial_in()
    stage.asked()
    caller.press("9")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(OPT_OUT)
def inbound_opt_out_wrong_key(stage: Stage) -> None:
    """The caller presses 5, hears the prompt again, and then lets the time pass."""
    caller = stage.dial_in()
    stage.asked()
    caller.press("5")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(OPT_IN)
def inbound_opt_in_accepted(stage: Stage) -> None:
    """The caller presses 1 after the prompt."""
    caller = stage.dial_in()
    stage.asked()
    caller.press("1")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(OPT_IN)
def inbound_opt_in_early_key(stage: Stage) -> None:
    """The caller presses 1 before the end of the prompt, which is no consent, and again after it, which is."""
    caller = stage.dial_in()
    stage.started()
    caller.press("1")
    stage.asked()
    caller.press("1")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(OPT_IN)
def inbound_opt_in_no_key(stage: Stage) -> None:
    """The caller presses nothing, twice."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(OPT_IN)
def inbound_opt_in_wrong_then_right(stage: Stage) -> None:
    """The caller presses 5, hears the prompt again, and presses 1."""
    caller = stage.dial_in()
    stage.asked()
    caller.press("5")
    stage.asked(2)
    caller.press("1")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(policy("inbound", "opt-in", 'on_refusal = "hangup"'))
def inbound_opt_in_refused_hangup(stage: Stage) -> None:
    """The caller presses 9, hears that it was understood, and the call ends, as the policy says."""
    caller = stage.dial_in()
    stage.asked()
    caller.press("9")
    ends(caller)


@scenario(OPT_IN)
def inbound_opt_in_hangup_while_asked(stage: Stage) -> None:
    """The caller hangs up instead of pressing a key."""
    caller = stage.dial_in()
    stage.asked()
    hang_up(caller)


@scenario(policy("inbound", "never"))
def inbound_never(stage: Stage) -> None:
    """Nothing is played and nothing is recorded."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(policy("inbound", "notice", 'match = { numbers = ["999"] }'))
def inbound_unmatched(stage: Stage) -> None:
    """No policy speaks of this number: nothing is played and nothing is recorded."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def inbound_withdrawn_in_mid_call(stage: Stage) -> None:
    """The caller presses *9 in the conversation; other keys before mean nothing."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    caller.press("47*9")
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def inbound_agent_presses_the_keys(stage: Stage) -> None:
    """The agent presses *9 in the conversation; only the caller can take his consent back."""
    caller = stage.dial_in()
    agent = stage.agent_answers()
    talk()
    agent.press("*9")
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def inbound_agent_busy(stage: Stage) -> None:
    """The caller hears the notice, then the agent is busy."""
    stage.site.agent.on_invite = "busy"
    ends(stage.dial_in())


@scenario(NOTICE)
def inbound_caller_gives_up_while_ringing(stage: Stage) -> None:
    """The caller hears the notice and hangs up before the agent answers."""
    caller = stage.dial_in()
    agent = stage.site.agent.wait_call(10)
    time.sleep(0.3)
    hang_up(caller, agent)


@scenario(NOTICE, VOICEMAIL)
def inbound_only_tones(stage: Stage) -> None:
    """After the notice the PBX speaks to the caller by itself: nobody's statement, nothing to record."""
    ends(stage.dial_in("714"))


@scenario(NOTICE)
def inbound_diverted(stage: Stage) -> None:
    """The call was redirected twice before it came to us."""
    caller = stage.dial_in(diversion=["0213334444", "+40213335555"], display="Ștefan")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def inbound_anonymous(stage: Stage) -> None:
    """The caller withholds the number."""
    caller = stage.dial_in(caller="anonymous", display="Anonymous")
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE)
def inbound_injecting_caller(stage: Stage) -> None:
    """The caller's name and number try to be headers of AMI, facts of the call, and SQL."""
    name = "1%0D%0AEvent: Hangup&start=1&caller=+40700000000'; DROP TABLE calls; --"
    caller = stage.dial_in(caller="+40722\r\nEvent: Hangup&caller=0700000000&leg=1.1", display=name)
    agent = stage.agent_answers()
    talk()
    hang_up(caller, agent)


@scenario(NOTICE, LIMITED)
def inbound_site_limit(stage: Stage) -> None:
    """The site allows the call four seconds; our net does not take them away, and they count from the end of the notice."""
    caller = stage.dial_in("715")
    agent = stage.agent_answers()
    ends(caller, agent)
