"""A configured callguard with a database of its own, and the command line run on it as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from callguard.announcements import ArchivedAnnouncement
from callguard.call.period import Period, Unit
from callguard.call.policy import Announcement, Mode, Policy, Prompts
from callguard.call.state import (
    Call,
    Consent,
    Decision,
    Direction,
    How,
    Number,
    Party,
    Recording,
    RecordingStatus,
    Role,
    Stage,
)
from callguard.store.announcement_rows import archive_announcement
from callguard.store.database import Database, open_database
from callguard.store.migration import migrate
from callguard.store.policy_rows import remember_policy
from callguard.store.records import save_call
from tests.integration.ami_server import SECRET

STARTED = datetime(2026, 8, 31, 9, 30, 0, 250_000, tzinfo=UTC)
EXPIRES = datetime(2027, 2, 28, 9, 30, 0, 250_000, tzinfo=UTC)
BOUND_S = 180.0

CONFIGURATION = """
[store]
url = "{url}"

[[pbx]]
name = "main"
kind = "asterisk"
port = {port}
secret_file = "{folder}/ami.secret"

[recordings]
root = "{folder}/recordings"
country = "RO"
keys = "{folder}/keys"
min_free = "1 MiB"

[announcements]
catalogue = "{folder}/announcements"
pbx_sounds = "{folder}/sounds"
"""

NOTICE = ArchivedAnnouncement("a1" * 32, "inbound-notice", "ro", "Apelul se înregistrează.", 8760, b"RIFF narrow", b"RIFF wide")
_THANKS = Announcement("b2" * 32, "thank-you", "ro", 900, "callguard/ro/thank-you")
_REFUSED = Announcement("c3" * 32, "refused", "ro", 1000, "callguard/ro/refused")
_QUESTION = Announcement(NOTICE.version, NOTICE.name, NOTICE.language, NOTICE.duration_ms, "callguard/ro/inbound-notice")
POLICY = Policy(
    "inbound",
    "d4" * 32,
    "inbound",
    Mode.NOTICE,
    "consent",
    ("service quality", "legal claims"),
    Period(6, Unit.MONTHS),
    Prompts(_QUESTION, _THANKS, _REFUSED),
    refuse_key="9",
)

CALLER = Number("0722000111", "+40722000111")
COMPANY = Number("0213334444", "+40213334444")
AGENT = Number("200", None)


def after(seconds: float) -> datetime:
    """So long after the call's start."""
    return STARTED + timedelta(seconds=seconds)


def consent(decision: Decision, how: How, key: str | None = None) -> Consent:
    """Taken nine seconds into the call, by somebody who heard all of the notice."""
    return Consent(
        decision,
        how,
        key,
        NOTICE.version,
        "ro",
        8760,
        complete=True,
        announced_at=after(8.9),
        decided_at=after(9),
        received_at=after(9.004),
    )


def inbound(
    identifier: str,
    consents: Sequence[Consent] = (),
    recordings: Sequence[Recording] = (),
    caller: Number = CALLER,
    **changes: Any,  # noqa: ANN401 - the fields of Call
) -> Call:
    """A call of the caller that an agent took and that ended in order."""
    person = Party(
        leg=f"{identifier}.1",
        channel="PJSIP/trunk-00000001",
        role=Role.CALLER,
        number=caller,
        outside=True,
        stage=Stage.GONE,
        heard_ms=8760,
        complete=True,
        announced_at=after(8.9),
        consents=tuple(consents),
    )
    agent = Party(f"{identifier}.2", "PJSIP/agent-00000002", Role.CALLEE, AGENT, outside=False, stage=Stage.GONE)
    call = Call(
        id=identifier,
        pbx="main",
        linkedid=f"{identifier}.1",
        direction=Direction.INBOUND,
        policy=POLICY,
        caller=caller,
        callee=COMPANY,
        dialled="0213334444",
        started_at=STARTED,
        received_at=after(0.01),
        answered_at=after(0.1),
        connected_at=after(9.5),
        ended_at=after(70.35),
        dial_status="ANSWER",
        hangup_cause="NORMAL_CLEARING",
        equipment_ip="192.0.2.10",
        user_agent="Phone/1",
        parties=(person, agent),
        recordings=tuple(recordings),
    )
    return replace(call, **changes)


def recording(identifier: str, call: str, status: RecordingStatus = RecordingStatus.STOPPED, **changes: Any) -> Recording:  # noqa: ANN401
    """The file of a call: filed, four bytes, due six calendar months after the call's start."""
    whole = Recording(
        id=identifier,
        leg=f"{call}.1",
        channel="PJSIP/trunk-00000001",
        path=f"2026/08/31/{identifier}.wav",
        status=status,
        requested_at=after(9.505),
        expires_at=EXPIRES,
        started_at=after(9.51),
        stopped_at=after(70.35),
        size=4,
        sha256="e5" * 32,
    )
    return replace(whole, **changes)


@dataclass(frozen=True, slots=True)
class Site:
    """Configuration file, database and recordings below one folder."""

    folder: Path
    database: Database

    @property
    def config(self) -> Path:
        return self.folder / "callguard.toml"

    @property
    def root(self) -> Path:
        return self.folder / "recordings"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        return run("--config", str(self.config), *arguments, **environment)

    def json(self, *arguments: str, status: int = 0) -> Any:  # noqa: ANN401 - a JSON document is anything
        """What a command with `--json` says, which must be one document and nothing else."""
        done = self.run(*arguments, "--json")
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)

    def add(self, *calls: Call) -> None:
        """Store calls as the daemon does, with empty files for their recordings."""
        with self.database.write() as connection:
            archive_announcement(connection, NOTICE, STARTED)
            for call in calls:
                remember_policy(connection, call.policy, STARTED)
                save_call(connection, None, call)
        for recording in (one for call in calls for one in call.recordings):
            path = self.root / recording.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"RIFF")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """callguard as a process of its own, without the settings of whoever runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"CALLGUARD_CONFIG", "RUNTIME_DIRECTORY"}}
    return subprocess.run(
        [sys.executable, "-m", "callguard", *arguments],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
        stdin=subprocess.DEVNULL,
        env=inherited | environment,
    )


@contextmanager
def unaltered(built: Site) -> Iterator[Site]:
    """The site, whose configuration is as it was when the test is over."""
    written = built.config.read_text("utf-8")
    yield built
    built.config.write_text(written, "utf-8")


@contextmanager
def new_site(folder: Path, port: int = 9, server: str = "") -> Iterator[Site]:
    """A site with an empty database, in a file unless one on a server is named. Its PBX listens on the port, or nowhere."""
    url = server or f"sqlite:///{folder}/callguard.db"
    (folder / "recordings").mkdir()
    secret = folder / "ami.secret"
    secret.write_text(f"{SECRET}\n", "utf-8")
    secret.chmod(0o640)
    (folder / "sounds").mkdir()
    (folder / "callguard.toml").write_text(CONFIGURATION.format(folder=folder, port=port, url=url), "utf-8")
    database = open_database(url)
    migrate(database)
    yield Site(folder, database)
    database.close()
