"""What a scenario is played on: a site with its recorder and its observer, and the things that callers and agents do.

A scenario is a function that plays calls; its name is the fixture's and its docstring says what happens in it. `scenario` enlists it
under the policies and the dialplan that it is played with.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, Unpack

from tests.rig.ami_recorder import AmiRecorder
from tests.rig.daemon import DaemonProcess
from tests.rig.observer import Observer
from tests.rig.phone import IncomingCall, OutgoingCall, PhoneCall
from tests.rig.site import DIALPLAN, Site

COMPANY: Final = "700"
CALLEE: Final = "0744555666"
AGENT: Final = "200"
TALK_S: Final = 0.7

Play = Callable[["Stage"], None]
Prepare = Callable[[Site, Path], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A play, what the site is configured with for it, and what is done to the site before the daemon starts."""

    play: Play
    policies: str
    dialplan: str
    prepare: Prepare

    @property
    def name(self) -> str:
        return self.play.__name__.replace("_", "-")


SCENARIOS: Final[dict[str, Scenario]] = {}
"""All that have been enlisted, by name; importing the modules that define them fills it."""


def as_it_is(_site: Site, _folder: Path) -> None:
    """Nothing to prepare."""


def policy(direction: str, mode: str, more: str = "") -> str:
    """A policy in TOML; whoever is asked for a key has a second and a half."""
    return f'[policy.{direction}]\ndirection = "{direction}"\nmode = "{mode}"\ntimeout = "1500ms"\n{more}\n'


def scenario(policies: str, dialplan: str = "", prepare: Prepare = as_it_is) -> Callable[[Play], Play]:
    """Enlist a play; `dialplan` comes on top of the site's own."""

    def enlist(play: Play) -> Play:
        one = Scenario(play, policies, DIALPLAN + dialplan, prepare)
        SCENARIOS[one.name] = one
        return play

    return enlist


class Told(TypedDict, total=False):
    """What a caller says of himself."""

    caller: str
    display: str
    diversion: Sequence[str]


@dataclass(frozen=True, slots=True)
class Words:
    """What the daemon says on the wire when it has a prompt played, a key waited for, or asks for all channels.

    ``aside``: a prompt for somebody in a conversation.
    """

    prompt: str
    question: str
    snapshot: str
    aside: str


AMI: Final = Words("STREAM FILE", "WAIT FOR DIGIT", "CoreShowChannels", "STREAM FILE")
ESL: Final = Words("callguard_order announce:", "callguard_order ask:", "show channels", " start /")


@dataclass
class Stage:
    """Both phones, the PBX, the daemon and the wire between these two."""

    site: Site
    recorder: AmiRecorder
    watcher: Observer | None = None
    words: Words = AMI

    @property
    def observer(self) -> Observer:
        """Whoever watches the Asterisk."""
        assert self.watcher is not None
        return self.watcher

    @property
    def daemon(self) -> DaemonProcess:
        """The one that runs, or ran last."""
        return self.site.daemons[-1]

    def dial_in(self, number: str = COMPANY, **told: Unpack[Told]) -> OutgoingCall:
        """The outside phone calls the company."""
        return self.site.caller.dial(number, self.site.pbx.sip_port, voice=440, **told)

    def dial_out(self, number: str = CALLEE) -> OutgoingCall:
        """The agent calls somebody outside."""
        return self.site.agent.dial(number, self.site.pbx.sip_port, caller=AGENT, voice=600)

    def agent_answers(self) -> IncomingCall:
        """As soon as it rings, which is not before the caller has been told."""
        return answered(self.site.agent.wait_call(10), 600)

    def callee_answers(self) -> IncomingCall:
        return answered(self.site.caller.wait_call(5), 440)

    def started(self, count: int = 1) -> None:
        """Until so many prompts have begun to play: a third of a second more, so that a key is pressed in the middle of one."""
        self.wait_commands(self.words.prompt, count)
        time.sleep(0.3)

    def asked(self, count: int = 1) -> None:
        """Until so many times a key has been waited for."""
        self.wait_commands(self.words.question, count)
        time.sleep(0.2)

    def wait_commands(self, what: str, count: int) -> None:
        """Until the daemon has sent so many actions with this in them."""
        self.site.wait(f"{what}, {count} of them", lambda: sum(what in line.get("sent", "") for line in self.recorder.lines) >= count)

    def channel(self, phone: str) -> str:
        """The newest channel of a phone."""
        return [told["Channel"] for told in self.observer.events("Newchannel") if told["Channel"].startswith(f"PJSIP/{phone}-")][-1]


def answered(call: IncomingCall, voice: int) -> IncomingCall:
    """Rung for a moment, answered, speaking."""
    time.sleep(0.2)
    call.answer()
    call.speak(voice)
    return call


def talk() -> None:
    """For long enough that something can be recorded."""
    time.sleep(TALK_S)


def ends(*calls: PhoneCall) -> None:
    """Until all of them are over."""
    for call in calls:
        call.wait_ended(15)


def hang_up(call: PhoneCall, *others: PhoneCall) -> None:
    """One hangs up, the others notice."""
    call.hang_up()
    ends(call, *others)
