"""Takes the fixtures anew from a private Asterisk: `python -m tests.replay.record ROOT [SCENARIO …]`, all of them where none is named.

Each scenario has a PBX, a database and a daemon of its own. A fixture counts as taken when its replay comes to what the daemon stored
meanwhile: the same calls, decisions and recordings. What the replay tells is written beside it as `NAME.expected.json`; that is a claim
until somebody has read it.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from callguard.call.state import Call, RecordingStatus
from callguard.store.database import open_database
from callguard.store.loading import load_calls
from callguard.store.tables import calls
from tests.replay import fixtures, scenarios_inbound, scenarios_joining, scenarios_links, scenarios_outbound, scenarios_transfers
from tests.replay.expect import expect
from tests.replay.stage import SCENARIOS, Scenario, Stage
from tests.replay.telling import Json, tell
from tests.rig.ami_recorder import AmiRecorder
from tests.rig.observer import Observer
from tests.rig.site import Site, site

MODULES: Final = (scenarios_inbound, scenarios_joining, scenarios_links, scenarios_outbound, scenarios_transfers)
"""Imported for the scenarios that they enlist."""

Line = dict[str, Any]

SETTLED_S: Final = 1.0
APART: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was received, what was sent, and the calls that the daemon stored."""

    received: bytes
    lines: Sequence[Line]
    stored: Sequence[Call]


def record(root: Path, scenario: Scenario) -> Taken:
    """Play it."""
    with tempfile.TemporaryDirectory() as folder, opened(root, Path(folder), scenario) as stage:
        stage.site.start_daemon()
        stage.site.wait("the heartbeat", lambda: "CALLGUARD_UNTIL=" in stage.site.pbx.cli("dialplan show globals"))
        scenario.play(stage)
        stage.site.wait("the end of all calls", lambda: _nothing_left(stage.site))
        time.sleep(SETTLED_S)
        stage.daemon.stop()
        return Taken(bytes(stage.recorder.received), stage.recorder.lines, stored_in(stage.site))


@contextmanager
def opened(root: Path, folder: Path, scenario: Scenario) -> Iterator[Stage]:
    """The site, with the recorder where the daemon looks for the PBX, and the first line of the transcript written."""
    with (
        site(root, folder, scenario.policies, dialplan=scenario.dialplan) as here,
        AmiRecorder(here.asterisk.ami_port) as recorder,
        Observer(here.asterisk) as observer,
    ):
        text = here.config.read_text()
        here.config.write_text(text.replace(f"port = {here.asterisk.ami_port}\n", f"port = {recorder.port}\n"))
        scenario.prepare(here, folder)
        pbx_root = str(here.pbx.recordings.inside)
        recorder.mark("started", pbx_root=pbx_root, policies=scenario.policies, announcements=announcements_of(here, scenario))
        yield Stage(here, recorder, observer)


def announcements_of(here: Site, scenario: Scenario) -> list[dict[str, Any]]:
    """Those that the policies ask for, as JSON has them."""
    every = [edition.announcement for edition in here.catalogue.current]
    asked = [one.prompts for one in fixtures.policies(scenario.policies, every) if one.prompts]
    heard = {prompt for prompts in asked for prompt in (prompts.question, prompts.accepted, prompts.refused)}
    return [asdict(one) for one in sorted(heard, key=lambda one: one.name)]


def _nothing_left(here: Site) -> bool:
    return "\n0 active channels" in "\n" + here.pbx.cli("core show channels count")


def stored_in(here: Site) -> list[Call]:
    """The calls in the database of the site."""
    database = open_database(f"sqlite:///{here.database}")
    with database.read() as connection:
        found = load_calls(connection, connection.scalars(sa.select(calls.c.id)).all())
    database.close()
    return found


def write(name: str, received: bytes, lines: Sequence[Line]) -> Json:
    """The two files of the fixture and what it comes to."""
    fixtures.FOLDER.mkdir(exist_ok=True)
    (fixtures.FOLDER / f"{name}.rx").write_bytes(received)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (fixtures.FOLDER / f"{name}.tx.jsonl").write_text(text, "utf-8")
    return expect(name)


def agrees(name: str, taken: Taken) -> bool:
    """Write the fixture; whether it comes to what the daemon stored.

    What a daemon that stood still saw first is not on the wire; it is found out by what came of it.
    """
    stored = tell(taken.stored, [])["calls"]
    for timers in ("last", "first"):
        lines = [line | {"timers": timers} if line.get("event") == "continued" else line for line in taken.lines]
        if same(stored, write(name, taken.received, lines)["calls"]):
            return True
    print(json.dumps(stored, indent=1, ensure_ascii=False))  # noqa: T201 - a script
    return False


def same(stored: Any, told: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether a replay tells what was stored.

    Where the PBX told no time, the daemon's own stands in the row, which a replay has to the second only; and a replay has no files that
    could be missing or cut short.
    """
    if isinstance(stored, dict) and isinstance(told, dict):
        return stored.keys() == told.keys() and all(same(stored[key], told[key]) for key in stored)
    if isinstance(stored, list) and isinstance(told, list):
        return len(stored) == len(told) and all(map(same, stored, told))
    if (stored, told) == (RecordingStatus.FAILED.value, RecordingStatus.STOPPED.value):
        return True
    return bool(stored == told) or _close(stored, told)


def _close(stored: object, told: object) -> bool:
    try:
        apart = datetime.fromisoformat(str(stored)) - datetime.fromisoformat(str(told))
    except (TypeError, ValueError):
        return False
    return abs(apart) <= APART


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 when a scenario could not be taken."""
    root, *names = arguments
    failed = 0
    for name in names or sorted(SCENARIOS):
        right = agrees(name, record(Path(root), SCENARIOS[name]))
        failed += not right
        print(f"{name}: {'taken' if right else 'its replay does not come to what the daemon stored'}", flush=True)  # noqa: T201
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
