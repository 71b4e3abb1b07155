"""The site on which the consent tests call each other.

One PBX and one daemon serve all modes: the number dialled chooses the policy, as on a real site, and `POLICIES` says which. So the calls of
a module run side by side, and each test looks at one of them. A call is known by its outside number, which nobody else has.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from callguard.announcements import BuildSettings, Catalogue, build
from callguard.announcements.installation import places
from callguard.clock import utc_now
from tests.live.staging import KEY_BOUND_S, Tone
from tests.rig.freeswitch_esl import Esl
from tests.rig.freeswitch_site import freeswitch_site
from tests.rig.g711 import Samples
from tests.rig.observer import Observer, moment
from tests.rig.phone import IncomingCall, OutgoingCall, PhoneCall
from tests.rig.site import QUESTION_SECONDS, Site, noise_prompts, site, speechlike
from tests.rig.sound import write_wav

DIALPLAN: Final = """
[from-outside]
exten => _7XX!,1,Gosub(callguard-inbound,s,1(sales))
 same => n,Dial(PJSIP/agent,20,g)
 same => n,Wait(0.6)
 same => n,Hangup()

; a number that callguard does not guard
exten => 800,1,Answer()
 same => n,Wait(0.3)
 same => n,Hangup()

[from-inside]
; a colleague of the agent, on the same phone
exten => 710,1,Dial(PJSIP/agent,20)
 same => n,Hangup()
; the agent's line is open before anybody answers
exten => _0746X.,1,Progress()
 same => n,Gosub(callguard-outbound,s,1(PJSIP/${EXTEN}@caller,20))
 same => n,Hangup()
; nobody is patient here
exten => _0747X.,1,Gosub(callguard-outbound,s,1(PJSIP/${EXTEN}@caller,1))
 same => n,Hangup(${HANGUPCAUSE})
exten => _0X.,1,Gosub(callguard-outbound,s,1(PJSIP/${EXTEN}@caller,20))
 same => n,Wait(0.6)
 same => n,Hangup()
"""

FREESWITCH_DIALPLAN: Final = """
<context name="from-outside">
  <extension name="company"><condition field="destination_number" expression="^7\\d\\d.*$">
    <action application="set" data="force_transfer_context=from-inside"/>
    <action application="execute_extension" data="inbound:sales XML callguard"/>
    <action application="set" data="call_timeout=20"/>
    <action application="set" data="hangup_after_bridge=false"/>
    <action application="bridge" data="sofia/rig/agent@$${phone_agent}"/>
    <action application="sleep" data="600"/>
    <action application="hangup"/>
  </condition></extension>
  <extension name="unguarded"><condition field="destination_number" expression="^800$">
    <action application="answer"/>
    <action application="sleep" data="300"/>
    <action application="hangup"/>
  </condition></extension>
</context>
<context name="from-inside">
  <extension name="colleague"><condition field="destination_number" expression="^710$">
    <action application="set" data="call_timeout=20"/>
    <action application="bridge" data="sofia/rig/agent@$${phone_agent}"/>
  </condition></extension>
  <extension name="open"><condition field="destination_number" expression="^(0746\\d+)$">
    <action application="pre_answer"/>
    <action application="set" data="ringback=%(1000,4000,425)"/>
    <action application="execute_extension" data="outbound XML callguard"/>
    <action application="set" data="call_timeout=20"/>
    <action application="bridge" data="sofia/gateway/caller/$1"/>
    <action application="hangup"/>
  </condition></extension>
  <extension name="impatient"><condition field="destination_number" expression="^(0747\\d+)$">
    <action application="set" data="call_timeout=1"/>
    <action application="execute_extension" data="outbound XML callguard"/>
    <action application="bridge" data="sofia/gateway/caller/$1"/>
    <action application="hangup" data="${originate_disposition}"/>
  </condition></extension>
  <extension name="out"><condition field="destination_number" expression="^(0\\d+)$">
    <action application="set" data="call_timeout=20"/>
    <action application="execute_extension" data="outbound XML callguard"/>
    <action application="set" data="hangup_after_bridge=false"/>
    <action application="bridge" data="sofia/gateway/caller/$1"/>
    <action application="sleep" data="600"/>
    <action application="hangup"/>
  </condition></extension>
</context>
"""
"""The same numbers on FreeSWITCH."""

MESSAGES: Final = """
[messages]
exten => _0X.,1,Gosub(callguard-message,s,1(outbound))
 same => n,MessageSend(pjsip:caller,${MESSAGE(from)})
exten => agent,1,Gosub(callguard-message,s,1(inbound))
 same => n,MessageSend(pjsip:agent,${MESSAGE(from)})
"""

POLICIES: Final = {
    "700": 'direction = "inbound"\nmode = "notice"',
    "701": 'direction = "inbound"\nmode = "opt-out"',
    "702": 'direction = "inbound"\nmode = "opt-in"\npurposes = ["proof of interactions"]\nlegal_basis = "legitimate interest"',
    "703": 'direction = "inbound"\nmode = "never"',
    "704": 'direction = "inbound"\nmode = "notice"\non_refusal = "hangup"',
    "705": 'direction = "inbound"\nmode = "opt-out"\nlanguage = "en"',
    "706": 'direction = "inbound"\nmode = "notice"\nlanguage = "en"',
    "707": 'direction = "inbound"\nmode = "notice"\nwithdraw_keys = "#7"',
    "708": 'direction = "inbound"\nmode = "notice"\nwithdraw_keys = ""',
    "709": 'direction = "inbound"\nmode = "opt-in"\nlisted_announcement = "not-recorded"',
    "79??": 'direction = "inbound"\nmode = "notice"\nmatch.queues = ["sales"]',
    "0740*": 'direction = "outbound"\nmode = "notice"',
    "0741*": 'direction = "outbound"\nmode = "opt-out"',
    "0742*": 'direction = "outbound"\nmode = "opt-in"',
    "0743*": 'direction = "outbound"\nmode = "never"',
    "0744*": 'direction = "outbound"\nmode = "opt-in"\non_refusal = "hangup"',
    "0746*": 'direction = "outbound"\nmode = "opt-in"',
    "0747*": 'direction = "outbound"\nmode = "opt-in"',
    "0745*": 'direction = "outbound"\nmode = "opt-in"\nlanguage = "en"',
}
"""By the number dialled."""


@dataclass
class House:
    """The site with its daemon, somebody who watches the PBX, and the calls as the daemon tells them."""

    site: Site
    watcher: Observer | Esl
    _numbers: Iterator[int] = field(default_factory=lambda: count(100_000))
    _told: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._epoch = utc_now() - timedelta(seconds=time.monotonic())

    @property
    def observer(self) -> Observer:
        """Whoever watches the PBX, where a test is about Asterisk."""
        assert isinstance(self.watcher, Observer)
        return self.watcher

    @property
    def on_asterisk(self) -> bool:
        return isinstance(self.watcher, Observer)

    def witnessed(self, leg: str) -> tuple[datetime, datetime, datetime]:
        """When the leg was made, its recording begun, and the leg gone, by the PBX's clock and as somebody else saw it."""
        if isinstance(self.watcher, Observer):
            return self.made(leg), moment(self.watcher.events("MixMonitorStart", Uniqueid=leg)[0]), self.gone(leg)
        return self.made(leg), self._seen("RECORD_START", leg), self.gone(leg)

    def made(self, leg: str) -> datetime:
        """When the leg was made, by the PBX's clock and as somebody else saw it."""
        if isinstance(self.watcher, Observer):
            return moment(self.watcher.events("Newchannel", Uniqueid=leg)[0])
        return self._seen("CHANNEL_CREATE", leg, "Caller-Channel-Created-Time")

    def gone(self, leg: str) -> datetime:
        """When the leg was gone."""
        if isinstance(self.watcher, Observer):
            return moment(self.watcher.events("Hangup", Uniqueid=leg)[0])
        return self._seen("CHANNEL_DESTROY", leg)

    def leg_of(self, number: str) -> str:
        """The PBX's id of the leg of the caller with this number."""
        if isinstance(self.watcher, Observer):
            (leg,) = {event["Uniqueid"] for event in self.watcher.events("Newchannel", CallerIDNum=number)}
            return leg
        return self._leg(number, "inbound")

    def truly_gone(self, leg: str) -> datetime:
        """When the leg was gone by an event that the PBX itself made."""
        if isinstance(self.watcher, Observer):
            (hung_up,) = self.watcher.events("Hangup", Uniqueid=leg, ChannelStateDesc="Up")
            return moment(hung_up)
        return self.gone(leg)

    def forgeries(self) -> list[dict[str, str]]:
        """Events of a hang-up or a key that the PBX told and did not make."""
        if isinstance(self.watcher, Observer):
            return [one for one in self.watcher.seen if one.get("Event") in ("Hangup", "DTMFEnd") and "ChannelStateDesc" not in one]
        return [one for one in self.watcher.seen if one["Event-Name"] in ("CHANNEL_DESTROY", "DTMF") and "Channel-State" not in one]

    def transfer_by_pbx(self, number: str, extension: str) -> None:
        """The PBX itself sends the caller with this number on, as if the agent had."""
        if isinstance(self.watcher, Observer):
            self.watcher.action("BlindTransfer", Channel=self.channel(number, "agent"), Context="from-inside", Exten=extension)
        else:
            self.watcher.api(f"uuid_transfer {self._leg(number, 'outbound')} -bleg {extension} XML from-inside")

    def redirect(self, number: str, extension: str) -> None:
        """The PBX takes the caller with this number away from the agent and executes another extension with him."""
        if isinstance(self.watcher, Observer):
            channel = self.channel(number, "caller")
            self.watcher.action("Redirect", Channel=channel, Context="from-inside", Exten=extension, Priority="1")
        else:
            self.watcher.api(f"uuid_transfer {self._leg(number, 'inbound')} {extension} XML from-inside")

    def _seen(self, name: str, leg: str, when: str = "Event-Date-Timestamp") -> datetime:
        assert isinstance(self.watcher, Esl)
        (told,) = (one for one in self.watcher.seen if one["Event-Name"] == name and one.get("Unique-ID") == leg)
        return datetime.fromtimestamp(int(told[when]) / 1_000_000, UTC)

    def _leg(self, number: str, direction: str) -> str:
        """The caller's leg, or the first that was called for him."""
        assert isinstance(self.watcher, Esl)
        made = (one for one in self.watcher.seen if one["Event-Name"] == "CHANNEL_CREATE" and one.get("Call-Direction") == direction)
        return next(one["Unique-ID"] for one in made if one.get("Caller-Caller-ID-Number") == number)

    def first_prompt_ended(self, leg: str, duration_ms: int) -> datetime:
        """When, by the PBX's clock and as somebody else saw it."""
        if isinstance(self.watcher, Observer):
            (ended,) = self.watcher.events("AsyncAGIExec", Uniqueid=leg, CommandId=f"callguard/1/{duration_ms}/8000")
            return moment(ended)
        (waits,) = (
            told
            for told in self.watcher.seen
            if told.get("Unique-ID") == leg
            and told["Event-Name"] == "PLAYBACK_START"
            and told.get("variable_callguard_step") == "1"
            and told.get("Playback-File-Path") == "silence_stream://3000"
        )
        return datetime.fromtimestamp(int(waits["Event-Date-Timestamp"]) / 1_000_000, UTC)

    def utc(self, monotonic: float) -> datetime:
        """The wall time of a moment of the phones."""
        return self._epoch + timedelta(seconds=monotonic)

    def dial_in(self, dialled: str = "700", voice: int = Tone.BEFORE) -> tuple[str, OutgoingCall]:
        """An outside caller whose number is new to the house."""
        number = f"+40722{next(self._numbers)}"
        return number, self.site.caller.dial(dialled, self.site.pbx.sip_port, caller=number, voice=voice)

    def dial_out(self, prefix: str = "0742", voice: int = Tone.BEFORE) -> tuple[str, OutgoingCall]:
        """A call of the agent to an outside number that is new to the house."""
        number = f"{prefix}{next(self._numbers)}"
        return number, self.site.agent.dial(number, self.site.pbx.sip_port, caller="200", voice=voice)

    def at_agent(self, number: str, nth: int = 0, bound_s: float = 8.0) -> IncomingCall:
        """The agent's phone rings for the caller with this number, for the first time (0) or again."""
        return self._arrival(self.site.agent.calls, lambda call: call.caller == number, bound_s, nth)

    def at_callee(self, number: str, bound_s: float = 5.0) -> IncomingCall:
        """The outside phone rings under this number."""
        return self._arrival(self.site.caller.calls, lambda call: call.invite.uri.startswith(f"sip:{number}@"), bound_s)

    def rang_at_agent(self, number: str) -> bool:
        return any(isinstance(call, IncomingCall) and call.caller == number for call in tuple(self.site.agent.calls))

    def channel(self, number: str, endpoint: str) -> str:
        """The PBX's name for the caller's channel, or for the agent's that was dialled for him first."""
        (created,) = self.observer.events("Newchannel", CallerIDNum=number, Exten="700")
        if endpoint == "caller":
            return created["Channel"]
        return self.observer.events("DialBegin", Channel=created["Channel"])[0]["DestChannel"]

    def told(self, number: str) -> dict[str, Any]:
        """The call with this outside number in `calls --json`, once it is over and its recordings are filed."""
        return self._find(number) or self.site.wait(f"the end of the call with {number}", lambda: self._look_again(number))

    def consents(self, number: str) -> list[sqlite3.Row]:
        """The rows of the outside parties' decisions as they were taken, after the call is over. FreeSWITCH names legs at random."""
        identifier = self.told(number)["id"]
        return self.rows("SELECT * FROM consents WHERE call_id = ? ORDER BY decided_at, position", identifier)

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """What the database holds. A connection is closed, and not left to the collector: :meth:`kept` would take its locks away."""
        with closing(sqlite3.connect(f"file:{self.site.database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(statement, values).fetchall()

    def recording(self, number: str) -> Samples:
        """The sound of the only recording of the call."""
        call = self.told(number)
        assert len(call["recordings"]) == 1, call["recordings"]
        return self.site.recorded(call)

    def kept(self) -> dict[str, bytes]:
        """All that the daemon has left on disk but sound: database, write-ahead log, its own log, status file, tags.

        The status file is written every second as a draft, which takes its name in one step: a draft that was listed may be gone.
        """
        site = self.site
        files = [path for path in site.folder.iterdir() if path.is_file()] + list(site.recordings.rglob("*.json"))
        tags = {f"{path} {name}": os.getxattr(path, name) for path in site.recordings.rglob("*.wav") for name in os.listxattr(path)}
        found = dict(tags)
        for path in files:
            with suppress(FileNotFoundError):
                found[str(path)] = path.read_bytes()
        return found

    def take_away(self, name: str, language: str) -> None:
        """The PBX has this prompt no more."""
        for number, place in enumerate(places(self.site.prompt(name, language).file)):
            (self.site.sounds / place).replace(self.site.folder / f"taken-away-{number}")

    def _find(self, number: str) -> dict[str, Any] | None:
        return next((call for call in self._told if number in (call["caller"], call["dialled"]) and is_done(call)), None)

    def _look_again(self, number: str) -> dict[str, Any] | None:
        self._told = self.site.calls()
        return self._find(number)

    @staticmethod
    def _arrival(calls: list[PhoneCall], wanted: Callable[[IncomingCall], bool], bound_s: float, nth: int = 0) -> IncomingCall:
        end = time.monotonic() + bound_s
        while time.monotonic() < end:
            found = [call for call in tuple(calls) if isinstance(call, IncomingCall) and wanted(call)]
            if len(found) > nth:
                return found[nth]
            time.sleep(0.005)
        raise TimeoutError(f"no such call within {bound_s:g} s")


def prompts_of_its_own(folder: Path) -> Catalogue:
    """Noise prompts, of which the English notice is like that of no other site: sites share the PBX's sounds, and this one loses it."""
    noise_prompts(folder)
    write_wav(folder / "sources" / "en" / "inbound-notice.wav", speechlike(QUESTION_SECONDS, 9_000), 16_000)
    return build(BuildSettings(), folder / "sources", folder / "catalogue").catalogue


WRITTEN: Final = "".join(
    f'\n[policy.p{name.rstrip("*?")}]\nmatch.numbers = ["{name}"]\ntimeout = "{KEY_BOUND_S * 1000:.0f}ms"\n{text}\n'
    for name, text in POLICIES.items()
)
"""The policies as a configuration has them."""

SWITCHES: Final = ("asterisk", "freeswitch")


@contextmanager
def open_house(switch: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[House]:
    """The house on a PBX of this kind."""
    if switch == "asterisk":
        opened = consent_house(request.getfixturevalue("asterisk_root"), folder)
    else:
        opened = freeswitch_house(request.getfixturevalue("freeswitch_prefix"), folder)
    with opened as house:
        yield house


@contextmanager
def freeswitch_house(prefix: Path, folder: Path, settings: str = "") -> Iterator[House]:
    """The same house on a FreeSWITCH."""
    catalogue = prompts_of_its_own(folder)
    with (
        freeswitch_site(prefix, folder, WRITTEN + settings, dialplan=FREESWITCH_DIALPLAN, catalogue=catalogue) as here,
        here.freeswitch.esl("PLAYBACK_START CHANNEL_CREATE CHANNEL_DESTROY RECORD_START RECORD_STOP") as watcher,
    ):
        here.start_daemon()
        yield House(here, watcher)


@contextmanager
def consent_house(root: Path, folder: Path, dialplan: str = DIALPLAN, settings: str = "") -> Iterator[House]:
    """The house with all policies of `POLICIES`, and its daemon ready; `settings` are further tables of its configuration."""
    catalogue = prompts_of_its_own(folder)
    with site(root, folder, WRITTEN + settings, dialplan=dialplan, catalogue=catalogue) as here, Observer(here.asterisk) as observer:
        here.start_daemon()
        yield House(here, observer)


def is_done(call: dict[str, Any]) -> bool:
    """Over, and every recording measured."""
    return call["ended_at"] is not None and all(one["size"] is not None or one["status"] == "missing" for one in call["recordings"])
