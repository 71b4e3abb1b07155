"""Voicemails and registrations as the PBXs tell them: counts and addresses pass the border, and nothing else (C2, C3, C4).

The events are those of a running Asterisk 22.10 and a running FreeSWITCH 1.10.12.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from callguard.call.events import EquipmentSeen, MailboxCounted, News
from callguard.call.state import Number
from callguard.pbx.ami import Headers
from callguard.pbx.ami_news import AmiNews
from callguard.pbx.border import Border
from callguard.pbx.esl import Headers as EslHeaders
from callguard.pbx.esl_news import EslNews

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CANARY = "Tintar-7f3a"
BOTH = frozenset({MailboxCounted, EquipmentSeen})

CHANNEL = {
    "Channel": "PJSIP/caller-00000000",
    "ChannelState": "6",
    "ChannelStateDesc": "Up",
    "CallerIDNum": "0722000111",
    "CallerIDName": CANARY,
    "Uniqueid": "1795322110.0",
    "Linkedid": "1795322110.0",
}
COUNT = {"Mailbox": "100@default", "Waiting": "1", "New": "1", "Old": "0"}
LEFT = {"Event": "MessageWaiting", "Privilege": "call,all", "Timestamp": "1795322111.828464", **CHANNEL, **COUNT}
READ = {"Event": "MessageWaiting", "Privilege": "call,all", "Timestamp": "1795322111.828464", **COUNT, "New": "0", "Old": "1"}
CONTACT = {
    "Event": "ContactStatus",
    "Privilege": "system,all",
    "Timestamp": "1795322064.766356",
    "URI": "sip:desk@127.0.0.2:52077",
    "ContactStatus": "NonQualified",
    "AOR": "desk",
    "EndpointName": "desk",
    "RoundtripUsec": "0",
}
REGISTERED = {
    "Event-Subclass": "sofia::register",
    "Event-Name": "CUSTOM",
    "Event-Date-Timestamp": "1795322122828653",
    "profile-name": "rig",
    "from-user": "desk",
    "from-host": "127.0.0.1",
    "contact": '"" <sip:desk@127.0.0.2:49733>',
    "status": "Registered(UDP)",
    "network-ip": "127.0.0.2",
    "user-agent": "Other\n/2 ${x}",
}
WAITING = {
    "Event-Name": "MESSAGE_WAITING",
    "MWI-Messages-Waiting": "yes",
    "Update-Reason": "NEW",
    "MWI-Message-Account": "100@rig",
    "MWI-Voice-Message": "2/1",
}


def border(news: frozenset[type] = BOTH) -> Border:
    return Border("main", lambda raw: Number(raw, None), (), lambda: NOW, news)


def of_asterisk(told: Mapping[str, str], **changes: str) -> list[News]:
    made: list[News] = []
    lines = "\r\n".join(f"{key}: {value}" for key, value in {**told, **changes}.items() if value != "-")
    AmiNews(border(), made.append).handlers[told["Event"]](Headers(lines.encode()))
    return made


def of_freeswitch(told: Mapping[str, str], **changes: str) -> list[News]:
    made: list[News] = []
    lines = "".join(f"{key}: {quote(value)}\n" for key, value in {**told, **changes}.items())
    name = " ".join(filter(None, (told["Event-Name"], told.get("Event-Subclass"))))
    EslNews(border(), made.append).handlers[name](EslHeaders(lines.encode()))
    return made


def counted(unheard: int, mailbox: str = "100@default", at: datetime = NOW) -> list[News]:
    return [MailboxCounted(pbx="main", at=at, received_at=NOW, mailbox=mailbox, unheard=unheard)]


def seen(address: str) -> list[News]:
    at = datetime.fromtimestamp(1795322064.766356, UTC)
    return [EquipmentSeen(pbx="main", at=at, received_at=NOW, account="desk", address=address)]


def test_of_a_voicemail_the_count_alone_is_told() -> None:
    """C4: not who left it, let alone what it says; it comes with the channel of who left it, and without any when it is heard."""
    at = datetime.fromtimestamp(1795322111.828464, UTC)
    assert of_asterisk(LEFT) == counted(1, at=at)
    assert of_asterisk(READ) == counted(0, at=at)
    assert of_freeswitch(WAITING) == counted(2, "100@rig")
    assert of_freeswitch(WAITING, **{"MWI-Voice-Message": "2/1 (1/0)"}) == counted(2, "100@rig")
    assert of_freeswitch(WAITING, **{"MWI-Voice-Message": "0/3", "Update-Reason": "READ"}) == counted(0, "100@rig")
    assert CANARY not in repr(of_asterisk(LEFT))


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:desk@192.0.2.7:5060;transport=tls", "192.0.2.7"),
        ("sips:desk@[2001:DB8::0:7]:5061", "2001:db8::7"),
        ("sip:192.0.2.7", "192.0.2.7"),
        ("sip:desk@phone.example.com", None),
        ("sip:desk@300.0.2.7:5060", None),
        ("tel:+40722000111", None),
    ],
)
def test_a_phone_registers_from_the_address_in_its_contact(uri: str, address: str | None) -> None:
    """C2."""
    assert of_asterisk(CONTACT, URI=uri) == (seen(address) if address else [])


@pytest.mark.parametrize(("status", "here"), [("Reachable", True), ("Created", True), ("Removed", False), ("Unreachable", False)])
def test_who_is_gone_is_not_seen(status: str, here: bool) -> None:
    assert bool(of_asterisk(CONTACT, ContactStatus=status)) == here


def test_freeswitch_tells_account_address_and_device() -> None:
    """C2, C3: on one line, whatever the phone calls itself."""
    at = datetime(2026, 11, 22, 4, 35, 22, 828653, tzinfo=UTC)
    told = EquipmentSeen(
        pbx="main",
        at=at,
        received_at=NOW,
        account="desk@127.0.0.1",
        address="127.0.0.2",
        user_agent="Other\N{REPLACEMENT CHARACTER}/2 ${x}",
    )
    assert of_freeswitch(REGISTERED) == [told]


def test_what_is_not_whole_is_not_believed() -> None:
    """A caller who brings line breaks into his number could write a header, or a short event, but not all that Asterisk writes."""
    forged = "0722000111\r\nNew: 9"
    assert of_asterisk(LEFT, CallerIDNum=forged) == []
    assert of_asterisk(LEFT, Uniqueid="-") == []
    assert of_asterisk(READ, Old="-") == []
    assert of_asterisk(READ, New="many") == []
    assert of_asterisk(CONTACT, Privilege="-") == []
    assert of_freeswitch(WAITING, **{"MWI-Voice-Message": "x"}) == []
    assert of_freeswitch(WAITING, **{"MWI-Message-Account": ""}) == []
    assert of_freeswitch(REGISTERED, **{"network-ip": "unknown"}) == []
    assert of_freeswitch(REGISTERED, **{"from-user": ""}) == []


@pytest.mark.parametrize("news", [frozenset(), frozenset({MailboxCounted}), frozenset({EquipmentSeen})])
def test_nothing_is_listened_to_that_nobody_wants_to_know(news: frozenset[type]) -> None:
    """C4: off by default; the handlers are the subscription."""
    wanted = border(news)
    assert len(AmiNews(wanted, print).handlers) == len(EslNews(wanted, print).handlers) == len(news)
