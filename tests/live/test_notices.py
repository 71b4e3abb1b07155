"""Notices by mail on real PBXs: a caller who gives up, a voicemail, a phone that registers from elsewhere (C2, C4).

On Asterisk the daemon has the login that we ship, event filters and all. It is restarted while its mails wait.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Final

import pytest

from tests.integration.smtp_server import Place, smtp_server
from tests.live.consent_house import SWITCHES, House
from tests.live.test_messages import use_shipped_login
from tests.rig.freeswitch_site import DIALPLAN as FREESWITCH_DIALPLAN
from tests.rig.freeswitch_site import freeswitch_site
from tests.rig.observer import Observer
from tests.rig.site import both_ways, site

pytestmark = pytest.mark.live

CALLER: Final = "0722000111"
CANARY: Final = "Tintarul Vocal"
STRANGER: Final = "0733987654"

DIALPLAN: Final = """
[from-outside]
exten => 700,1,Gosub(callguard-inbound,s,1(sales))
 same => n,Dial(PJSIP/agent,20)
 same => n,Hangup()
exten => 800,1,VoiceMail(100@default,sS(0))
 same => n,Hangup()
"""
MAILBOX: Final = "[general]\nformat = wav\nminsecs = 0\nmaxsilence = 0\n[default]\n100 => 1234,Ana,\n"
DESK: Final = """
[desk](phone)
aors = desk
context = from-inside
[desk]
type = aor
max_contacts = 5
[desk]
type = identify
endpoint = desk
match_header = X-Rig-Phone: desk
"""
ANSWERED: Final = """
<context name="from-outside">
  <extension name="voicemail"><condition field="destination_number" expression="^800$">
    <action application="answer"/>
    <action application="set" data="skip_greeting=true"/>
    <action application="set" data="skip_instructions=true"/>
    <action application="voicemail" data="default rig 100"/>
  </condition></extension>
"""
"""In the place of the first line of the site's own dialplan."""

LEFT_IN: Final = {"asterisk": "voicemail/default/100/INBOX/msg*.wav", "freeswitch": "voicemail/default/rig/100/msg*.wav"}
MAILBOXES: Final = {"asterisk": "100@default", "freeswitch": "100@rig"}
ACCOUNTS: Final = {"asterisk": "desk", "freeswitch": "desk@127.0.0.1"}
NOTICES: Final = """
[logging]
level = "debug"

[mail]
server = "127.0.0.1"
port = {port}
security = "none"
sender = "callguard@example.com"

[[notice]]
number = "700"
to = ["shop@example.com"]
on = ["missed-call"]

[[notice]]
number = "100"
to = ["ana@example.com"]
on = ["voicemail"]
language = "en"

[[notice]]
number = "desk"
to = ["it@example.com"]
on = ["new-address"]
language = "en"
"""


@dataclass(frozen=True)
class Day:
    """What happened and what came by mail."""

    switch: str
    house: House
    mails: dict[str, list[Message]]


@pytest.fixture(scope="module", params=SWITCHES)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("notices")
    with smtp_server() as place, opened(request, folder, both_ways("notice", "opt-in") + NOTICES.format(port=place.port)) as house:
        here = house.site
        here.start_daemon()
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.2"):
            register(address, here.pbx.sip_port)
        leave_voicemail(house)
        give_up(house)
        here.wait("three mails that wait or are sent", lambda: len(house.rows("SELECT id FROM mails")) == 3)
        here.daemons[0].stop()
        here.start_daemon()
        yield Day(request.param, house, delivered(house, place))


@contextmanager
def opened(request: pytest.FixtureRequest, folder: Path, settings: str) -> Iterator[House]:
    """The site on this switch, with a mailbox and an account that registers."""
    if request.param == "asterisk":
        root = request.getfixturevalue("asterisk_root")
        with site(root, folder, settings, dialplan=DIALPLAN) as here, Observer(here.asterisk) as observer:
            house = House(here, observer)
            furnish(house)
            yield house
        return
    prefix = request.getfixturevalue("freeswitch_prefix")
    plan = FREESWITCH_DIALPLAN.replace('<context name="from-outside">', ANSWERED, 1)
    with freeswitch_site(prefix, folder, settings, dialplan=plan) as here, here.freeswitch.esl() as watcher:
        if not here.freeswitch.loads("mod_voicemail"):
            pytest.skip("not run: this FreeSWITCH has no mod_voicemail")
        yield House(here, watcher)


def furnish(house: House) -> None:
    """A mailbox, an account that registers, and the shipped login."""
    folder = house.site.pbx.recordings.outside.parent / "etc"
    (folder / "voicemail.conf").write_text(MAILBOX, "utf-8")
    with (folder / "pjsip_phones.conf").open("a", encoding="utf-8") as phones:
        phones.write(DESK)
    house.site.pbx.cli("module reload res_pjsip.so")
    house.site.pbx.cli("module load app_voicemail.so")
    use_shipped_login(house)


def register(host: str, port: int) -> None:
    """RFC 3261, 10.2: the phone `desk`, for a minute."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(5)
        phone.bind((host, 0))
        me = f"{host}:{phone.getsockname()[1]}"
        lines = (
            "REGISTER sip:127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP {me};rport;branch=z9hG4bK{me}",
            "Max-Forwards: 70",
            "From: <sip:desk@127.0.0.1>;tag=1",
            "To: <sip:desk@127.0.0.1>",
            f"Call-ID: {me}",
            "CSeq: 1 REGISTER",
            f"Contact: <sip:desk@{me}>",
            "Expires: 60",
            "X-Rig-Phone: desk",
            "Content-Length: 0",
        )
        phone.sendto("\r\n".join((*lines, "", "")).encode(), ("127.0.0.1", port))
        assert phone.recv(4096).startswith(b"SIP/2.0 200 ")


def leave_voicemail(house: House) -> None:
    call = house.site.caller.dial("800", house.site.pbx.sip_port, caller=STRANGER, display=CANARY)
    call.wait_answered(5)
    time.sleep(0.8)
    call.hang_up()


def give_up(house: House) -> None:
    """When it rings."""
    call = house.site.caller.dial("700", house.site.pbx.sip_port, caller=CALLER)
    house.site.agent.wait_call(10)
    call.hang_up()


def delivered(house: House, place: Place) -> dict[str, list[Message]]:
    """By recipient."""
    house.site.wait("three mails", lambda: len(place.box.taken) >= 3)
    found: dict[str, list[Message]] = {}
    for mail in place.box.taken:
        found.setdefault(str(mail["To"]), []).append(mail)
    return found


def test_each_is_told_to_whom_it_concerns(day: Day) -> None:
    """C4: missed call, voicemail left, new address; the first address of an account is its beginning, and the third time nothing is new."""
    subjects = {recipient: [str(mail["Subject"]) for mail in mails] for recipient, mails in day.mails.items()}
    assert subjects == {
        "shop@example.com": ["Apel pierdut: +4" + CALLER],
        "ana@example.com": [f"New voicemail: {MAILBOXES[day.switch]}"],
        "it@example.com": [f"New address of the account {ACCOUNTS[day.switch]}: 127.0.0.2"],
    }
    assert {row["state"] for row in day.house.rows("SELECT state FROM mails")} == {"sent"}


def test_the_addresses_of_equipment_are_kept(day: Day) -> None:
    """C2: from where the account was used."""
    rows = day.house.rows("SELECT account, address FROM equipment ORDER BY address")
    assert [tuple(row) for row in rows] == [(ACCOUNTS[day.switch], "127.0.0.1"), (ACCOUNTS[day.switch], "127.0.0.2")]


def test_of_a_voicemail_nothing_but_the_count_is_kept_or_sent(day: Day) -> None:
    """C4: neither who left it, nor where it lies, nor a word of it: not in rows, log or status, nor in a mail."""
    (left,) = day.house.site.pbx.recordings.outside.parent.rglob(f"spool/{LEFT_IN[day.switch]}")
    sent = {recipient: b"".join(mail.as_bytes() for mail in mails) for recipient, mails in day.mails.items()}
    places = day.house.kept() | sent
    assert len(sent) == 3
    for canary in (CANARY, STRANGER, left.stem, "INBOX"):
        assert [where for where, content in places.items() if canary.encode() in content] == []
