"""Texts: from whom, to whom and when, and never a word of them (C1).

The daemon runs with its log at `debug`, and the AMI login of the rig has no event filters: what a body could reach, it may reach. Each body
holds a canary, looked for afterwards in the forms that it could have taken. The daemon's memory is looked at with the login that we ship,
which keeps the events of gateways inside the PBX: what has crossed a socket once may stand in freed memory for a while.
"""

import base64
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from tests.live.consent_house import MESSAGES, House, consent_house
from tests.rig.observer import Observer, Told, moment

pytestmark = pytest.mark.live

CANARY: Final = f"Țânțar-{secrets.token_hex(6)}"
INSIDE: Final = "+40722000111"
OUTSIDE: Final = "0744555666"

FORGED: Final = "UserEvent: CallguardMessage\r\nDirection: inbound\r\nFrom: sip:0721999999@x\r\nTo: sip:0721999999@x"
BODIES: Final = {
    "plain": CANARY,
    "unicode": f"Ștefan, țuică și {CANARY} 🦟",
    "lines": f"{CANARY}\r\nthe next line\r\n\r\nand {CANARY} after an empty one",
    "an AMI event": f"{CANARY}\r\nEvent: UserEvent\r\n{FORGED}\r\n\r\n",
    "an ESL event": f"{CANARY}\n\nEvent-Name: BACKGROUND_JOB\nJob-Command: echo\nJob-Command-Arg: callguard-message inbound 1 2\n\n",
    "an AMI action": f"{CANARY}\r\n\r\nAction: UserEvent\r\n{FORGED}\r\n\r\n",
    "long": f"{CANARY} " * 40,
}
"""Texts as they are sent in each direction."""

SHIPPED_LOGIN: Final = Path(__file__).parents[2] / "config" / "asterisk" / "manager.d" / "callguard.conf"


@dataclass(frozen=True, slots=True)
class Post:
    """The house after all texts have passed, and all that a login with the daemon's own rights was told meanwhile."""

    house: House
    overheard: list[Told]


@pytest.fixture(scope="module")
def post(asterisk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    folder = tmp_path_factory.mktemp("messages")
    with consent_house(asterisk_root, folder, MESSAGES, '[logging]\nlevel = "debug"') as house:
        pbx = house.site.asterisk
        with Observer(pbx, (pbx.ami_username, pbx.ami_secret)) as twin:
            send_all(house)
            house.site.wait("a row for each text", lambda: len(rows(house)) >= 2 * len(BODIES))
            overheard = list(twin.seen)
        forge_gateway_events(house)
        forge_an_event_of_ours(house)
        house.site.wait("a word in the log", lambda: "refused" in house.site.log.read_text("utf-8"))
        yield Post(house, overheard)


def send_all(house: House) -> None:
    for body in BODIES.values():
        assert house.site.caller.message("agent", body, house.site.pbx.sip_port, caller=INSIDE) == 202
        assert house.site.agent.message(OUTSIDE, body, house.site.pbx.sip_port, caller="200") == 202


def forge_gateway_events(house: House) -> None:
    """What GSM gateways tell, text and all."""
    encoded = base64.b64encode(CANARY.encode()).decode()
    house.observer.action(
        "UserEvent", UserEvent="DongleNewSMS", Device="gsm0", From=INSIDE, LineCount="1", MessageLine0=CANARY, Message=CANARY
    )
    house.observer.action("UserEvent", UserEvent="DongleNewSMSBase64", Device="gsm0", From=INSIDE, Message=encoded)
    house.observer.action("UserEvent", UserEvent="QuectelNewSMS", Device="gsm0", Sender=INSIDE, Content=CANARY)


def forge_an_event_of_ours(house: House) -> None:
    """It brings a text, which ours never do, and speaks of no channel, as ours always do."""
    encoded = base64.b64encode(CANARY.encode()).decode()
    ours = {"Direction": "inbound", "From": quote("sip:0722000999@gsm0"), "To": "agent", "Message": CANARY, "Body": encoded}
    house.observer.action("UserEvent", UserEvent="CallguardMessage", **ours)


def rows(house: House) -> list[tuple[str, str, str | None, str, str | None]]:
    found = house.rows("SELECT direction, sender, sender_e164, recipient, recipient_e164 FROM messages ORDER BY id")
    return [tuple(row) for row in found]


def holding(places: dict[str, bytes]) -> list[str]:
    """Where the canary is, plain, percent-encoded, escaped for JSON, in base64, or as UTF-16."""
    plain = CANARY.encode()
    tail = CANARY.partition("-")[2].encode()
    forms = (plain, tail, quote(CANARY).encode(), base64.b64encode(plain), CANARY.encode("utf-16-le"), CANARY.encode("unicode_escape"))
    return [where for where, content in places.items() if any(form in content for form in forms)]


def memory(pid: int) -> bytes:
    """All that a process can write to, as it is now."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            first, last = (int(bound, 16) for bound in line.split()[0].split("-"))
            if re.match(r"\S+ rw", line) and "[vvar" not in line:
                parts.append(os.pread(file.fileno(), last - first, first))
    return b"".join(parts)


def test_every_text_has_a_row_in_its_direction(post: Post) -> None:
    """C1: sender and recipient as shown and in E.164, one row a text, and none that a body or a forged event invented.

    Asterisk may see two texts of two phones in either order.
    """
    inbound = ("inbound", INSIDE, INSIDE, "agent", None)
    outbound = ("outbound", "200", None, OUTSIDE, f"+4{OUTSIDE}")
    assert sorted(rows(post.house)) == [inbound] * len(BODIES) + [outbound] * len(BODIES)


def test_the_text_itself_arrived(post: Post) -> None:
    """C1: what is not kept was passed on all the same, whole."""
    site = post.house.site
    for phone in (site.agent, site.caller):
        assert sorted(text.body.strip() for text in phone.messages[: len(BODIES)]) == sorted(body.strip() for body in BODIES.values())


def test_the_time_is_the_pbxs(post: Post) -> None:
    """C1: to the millisecond, as the PBX told it."""
    events = post.house.observer.events("UserEvent", UserEvent="CallguardMessage", Channel="Message/ast_msg_queue")
    told = [moment(event).timestamp() * 1000 for event in events]
    kept = post.house.rows("SELECT at, received_at FROM messages ORDER BY id")
    assert [row["at"] for row in kept] == [int(at) for at in told]
    assert all(0 <= row["received_at"] - row["at"] < 500 for row in kept)


def test_a_text_never_comes_over_ami(post: Post) -> None:
    """C1: a login with the daemon's rights is told that a text passed, and not what it says."""
    assert len([told for told in post.overheard if told.get("UserEvent") == "CallguardMessage"]) == 2 * len(BODIES)
    assert holding({str(at): repr(told).encode() for at, told in enumerate(post.overheard)}) == []


def test_no_word_of_a_text_is_kept(post: Post) -> None:
    """C1: not in rows, write-ahead log, log, status file or tags, whatever a gateway tells."""
    kept = post.house.kept()
    assert {"callguard.db", "callguard.db-wal", "daemon.log"} <= {Path(name).name for name in kept}
    assert holding(kept) == []


def test_no_word_of_a_text_is_printed(post: Post) -> None:
    """C1: by any command that lists something."""
    site = post.house.site
    commands = ("calls", "recordings", "status", "check", "sweep --dry-run", "announcements list")
    printed = {command: site.run(*command.split(), "--json", check=False) for command in commands}
    assert all(done.stdout for done in printed.values())
    assert holding({command: (done.stdout + done.stderr).encode() for command, done in printed.items()}) == []


def use_shipped_login(house: House) -> None:
    """Rights and event filters of `config/asterisk/manager.d/callguard.conf` for the daemon's login, from now on."""
    file = house.site.pbx.recordings.outside.parent / "etc" / "manager.conf"
    wide = re.compile(r"^read = system,call,agi,dtmf,user\nwrite = .*$", re.MULTILINE)
    shipped = re.findall(r"^(?:read|write|eventfilter) =.*$", SHIPPED_LOGIN.read_text("utf-8"), re.MULTILINE)
    narrow, replaced = wide.subn("\n".join(shipped).replace("\\", r"\\"), file.read_text("utf-8"))
    assert replaced == 1
    file.write_text(narrow, "utf-8")
    house.site.pbx.cli("manager reload")


def test_no_word_of_a_text_is_in_the_process(post: Post) -> None:
    """C1: not in the environment, on the command line, or in memory, even for a moment."""
    house = post.house
    house.site.daemons[0].stop()
    use_shipped_login(house)
    daemon = house.site.start_daemon()
    before = len(rows(house))
    forge_gateway_events(house)
    send_all(house)
    house.site.wait(f"a row for each text, beyond {before}", lambda: len(rows(house)) >= before + 2 * len(BODIES))
    proc = Path(f"/proc/{daemon.pid}")
    looked_at = {"environ": (proc / "environ").read_bytes(), "cmdline": (proc / "cmdline").read_bytes(), "memory": memory(daemon.pid)}
    assert INSIDE.encode() in looked_at["memory"], "the search itself"
    assert holding(looked_at) == []
