"""The AMI login of `config/asterisk/manager.d/callguard.conf` on a real Asterisk: it lets through what callguard needs, and no more."""

import copy
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from callguard.call.events import Event, MessageSeen
from callguard.call.state import Number
from callguard.clock import utc_now
from callguard.pbx.ami import Headers
from callguard.pbx.ami_events import AmiEvents
from callguard.pbx.ami_whispers import Whispers
from callguard.pbx.border import Border
from tests.rig.asterisk import PrivateAsterisk
from tests.rig.observer import Observer, ObserverError, Told

pytestmark = pytest.mark.live

REPOSITORY: Final = Path(__file__).parents[2]
SHIPPED: Final = (REPOSITORY / "config" / "asterisk" / "manager.d" / "callguard.conf").read_text("utf-8")
WITH_SECRET: Final = re.sub(r"(?m)^;secret = .*", "secret = 7d1f", SHIPPED)
UNFILTERED: Final = re.sub(r"(?m)^eventfilter = .*\n", "", WITH_SECRET)
USERS: Final = {
    "unset": SHIPPED,
    "callguard": WITH_SECRET,
    "newer": re.sub(r"(?m)^;(?=eventfilter\()", "", UNFILTERED),
    "unfiltered": UNFILTERED,
}

SEEN_AT: Final = utc_now()
NOBODY: Final = Whispers(lambda _actions, _on_outcome: None, lambda _event: None)
BORDER: Final = Border("main", lambda raw: Number(raw or "", None), (), lambda: SEEN_AT)

DIALPLAN: Final = """
[rig]
exten => held,1,Answer()
 same => n,AGI(agi:async,inbound,a=b)
 same => n,Hangup()
exten => talks,1,Answer()
 same => n,UserEvent(CallguardOutbound,Facts: x)
 same => n,UserEvent(GatewaySms,Text: canary)
 same => n,Dial(Local/answers@rig/n,10)
 same => n,Hangup()
exten => answers,1,Answer()
 same => n,MixMonitor(/tmp/callguard-rig-filter.wav)
 same => n,SendDTMF(9)
 same => n,Wait(0.5)
 same => n,StopMixMonitor()
 same => n,Hangup()
"""


@pytest.fixture(scope="module")
def pbx(asterisk_root: Path) -> Iterator[PrivateAsterisk]:
    """One that reads the shipped file, four times under different names, as `manager.d` would have it read."""
    with PrivateAsterisk(asterisk_root, dialplan=None, extra_dialplan=DIALPLAN) as running:
        folder = running.recordings.outside.parent / "etc"
        rig = (folder / "manager.conf").read_text("utf-8").replace("[callguard]", "[not-callguard]").replace("timestampevents = yes", "")
        for user, text in USERS.items():
            (folder / f"manager-{user}.conf").write_text(text.replace("[callguard]", f"[{user}]"), "utf-8")
        (folder / "manager.conf").write_text(rig + "".join(f"\n#include manager-{user}.conf\n" for user in USERS), "utf-8")
        running.cli("manager reload")
        yield running


def login(pbx: PrivateAsterisk, user: str) -> Observer:
    """Somebody who logs in as that user."""
    guest = copy.copy(pbx)
    guest.observer_username, guest.observer_secret = user, "7d1f"
    return Observer(guest)


@dataclass(frozen=True)
class Witnesses:
    """What each of the three was told of the same calls."""

    callguard: list[Told]
    newer: list[Told]
    unfiltered: list[Told]


@pytest.fixture(scope="module")
def told(pbx: PrivateAsterisk) -> Witnesses:
    """One call that is handed over and given back, and one with every kind of event that matters; the caller calls himself an event."""
    with Observer(pbx) as observer, ExitStack() as guests:
        three = [guests.enter_context(login(pbx, user)) for user in ("callguard", "newer", "unfiltered")]
        for exten in ("held", "talks"):
            caller = '"Event: VarSet" <0722000111>'
            observer.action("Originate", Channel=f"Local/{exten}@rig", Application="Wait", Data="3", Async="true", CallerID=caller)
        start = three[0].wait("a channel handed over", lambda told: told.get("Event") == "AsyncAGIStart")
        three[0].action("AGI", Channel=start["Channel"], Command="VERBOSE x 1", CommandID="callguard")
        three[0].action("AGI", Channel=start["Channel"], Command="VERBOSE x 1", CommandID="callguard/1/0/0")
        three[0].action("AGI", Channel=start["Channel"], Command="ASYNCAGI BREAK", CommandID="2")
        observer.wait("the end of both calls", lambda _: len(observer.events("Hangup")) >= 6, bound_s=10)
        time.sleep(0.3)
        return Witnesses(*([message for message in tuple(guest.seen) if "Event" in message] for guest in three))


def understood(messages: list[Told]) -> list[Event | MessageSeen]:
    """What callguard makes of them."""
    made: list[Event | MessageSeen] = []
    events = AmiEvents(BORDER, made.append, NOBODY)
    for message in messages:
        handler = events.handlers.get(message["Event"])
        if handler is not None:
            handler(Headers("\r\n".join(f"{key}: {value}" for key, value in message.items()).encode()))
    return made


def test_nothing_that_callguard_acts_on_is_kept_from_it(told: Witnesses) -> None:
    facts = understood(told.unfiltered)
    assert len(facts) > 15
    assert understood(told.callguard) == facts


def test_nothing_else_reaches_callguard(told: Witnesses) -> None:
    """C1: least of all text that a gateway puts into an event, or a caller into his name."""
    acted_on = {
        *AmiEvents(BORDER, lambda _: None, NOBODY).handlers,
        *("FullyBooted", "Shutdown"),
    }
    assert {message["Event"] for message in told.callguard} <= acted_on
    assert {message["Event"] for message in told.unfiltered} - acted_on
    assert "canary" in str(told.unfiltered)
    assert "canary" not in str(told.callguard)


def test_of_commands_to_a_channel_only_the_ends_that_are_waited_for_are_told(told: Witnesses) -> None:
    """An ANSWER is not: each such event would wake the daemon for nothing."""
    ends = {name: [one["CommandId"] for one in messages if one["Event"] == "AsyncAGIExec"] for name, messages in vars(told).items()}
    assert ends["callguard"] == ["callguard/1/0/0"]
    assert ends["unfiltered"][:2] == ["callguard", "callguard/1/0/0"]


def test_both_forms_of_the_filter_mean_the_same(told: Witnesses) -> None:
    assert told.newer == told.callguard


def test_every_event_carries_the_time_of_the_pbx(told: Witnesses) -> None:
    assert all("Timestamp" in message for message in told.callguard if message["Event"] != "FullyBooted")


def test_each_class_it_reads_brings_something(told: Witnesses) -> None:
    read = set(_setting("read").split(","))
    assert {message["Privilege"].partition(",")[0] for message in told.callguard} == read


def test_the_end_of_the_pbx_and_its_lists_pass_the_filter(pbx: PrivateAsterisk) -> None:
    with login(pbx, "callguard") as guest:
        guest.wait("FullyBooted", lambda told: told.get("Event") == "FullyBooted")
        guest.action("CoreShowChannels")
        guest.wait("the end of the list", lambda told: told.get("Event") == "CoreShowChannelsComplete")


def test_it_may_do_what_callguard_does_and_each_class_is_needed(pbx: PrivateAsterisk) -> None:
    """S13: least privilege, by the PBX's own list of what each action asks for."""
    with Observer(pbx) as observer:
        listed = observer.action("ListCommands")
    source = "".join(file.read_text("utf-8") for file in (REPOSITORY / "callguard" / "pbx").glob("*.py"))
    used = {*re.findall(r'AmiAction\(\s*"(\w+)"', source)}
    asked = {action: set(re.findall(r"[a-z]+", listed[action].rpartition("(Priv: ")[2])) - {"all"} for action in used}
    write = set(_setting("write").split(","))

    assert {action for action, classes in asked.items() if not classes & write and classes != {"none"}} == set()
    assert {one for one in write if any(classes & write == {one} for classes in asked.values())} == write


@pytest.mark.parametrize("action", ["Command", "UpdateConfig"])
def test_what_it_has_no_need_of_is_refused(pbx: PrivateAsterisk, action: str) -> None:
    with login(pbx, "callguard") as guest, pytest.raises(ObserverError, match="Permission denied"):
        guest.action(action)


@pytest.mark.parametrize("secret", ["", "…", ";", "7d1f"])
def test_nobody_can_log_in_until_a_secret_is_set(pbx: PrivateAsterisk, secret: str) -> None:
    with socket.create_connection(("127.0.0.1", pbx.ami_port), timeout=5) as link:
        link.sendall(f"Action: Login\r\nUsername: unset\r\nSecret: {secret}\r\n\r\n".encode())
        told = b""
        while received := link.recv(4096):
            told += received
    assert b"Message: Authentication failed" in told


def test_the_pbx_has_no_complaint_about_the_file(pbx: PrivateAsterisk) -> None:
    complaints = [line for line in pbx.log_tail(2000).splitlines() if re.search(r"(WARNING|ERROR).*(manager|acl|config)", line)]
    assert complaints == []


def _setting(key: str) -> str:
    (value,) = re.findall(rf"(?m)^{key} = (.*)$", SHIPPED)
    return str(value)
