"""Takes the ESL fixtures anew from a private FreeSWITCH: `python -m tests.replay.esl_record PREFIX [SCENARIO …]`.

The scenarios are those that Asterisk was recorded in, but for the ones that need what only its dialplan has. A fixture counts as taken when
its replay comes to what the daemon stored meanwhile.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.replay import esl_fixtures
from tests.replay.esl_course import EslCourse
from tests.replay.record import MODULES, Line, Taken, announcements_of, same, stored_in
from tests.replay.stage import ESL, SCENARIOS, Scenario, Stage
from tests.replay.telling import Json, tell
from tests.rig.ami_recorder import AmiRecorder
from tests.rig.freeswitch_site import freeswitch_site

TAKEN: Final = (
    "daemon-missed-the-net",
    "daemon-restarted-in-conversation",
    "daemon-restarted-in-prompt",
    "inbound-agent-busy",
    "inbound-injecting-caller",
    "inbound-notice-hangup-during-notice",
    "inbound-notice-missing-sound",
    "inbound-notice-refused-by-key",
    "inbound-notice-stayed",
    "inbound-opt-in-accepted",
    "inbound-opt-in-no-key",
    "inbound-opt-in-wrong-then-right",
    "inbound-opt-out-silent",
    "inbound-withdrawn-in-mid-call",
    "joined-daemon-restarted-in-notice",
    "joined-notice-hangup-during-notice",
    "joined-notice-refused-by-key",
    "joined-notice-stayed",
    "joined-opt-in-accepted",
    "joined-opt-in-no-key",
    "link-cut-in-conversation",
    "outbound-busy",
    "outbound-cancelled-while-ringing",
    "outbound-callee-hangs-up-while-asked",
    "outbound-opt-in-accepted",
    "outbound-opt-in-no-key",
    "outbound-opt-in-refused",
    "pbx-restarted",
    "sms-inbound",
    "sms-outbound",
)
"""Those of the parity table, and what can break in between."""

SETTLED_S: Final = 1.0


def record(prefix: Path, scenario: Scenario) -> Taken:
    """Play it."""
    with tempfile.TemporaryDirectory() as folder, opened(prefix, Path(folder), scenario) as stage:
        stage.site.start_daemon()
        stage.site.wait("the heartbeat", lambda: stage.site.pbx.cli("global_getvar callguard_until").isdecimal())
        scenario.play(stage)
        stage.site.wait("the end of all calls", lambda: "0 total" in stage.site.pbx.cli("show channels count"))
        time.sleep(SETTLED_S)
        stage.daemon.stop()
        return Taken(bytes(stage.recorder.received), stage.recorder.lines, stored_in(stage.site))


@contextmanager
def opened(prefix: Path, folder: Path, scenario: Scenario) -> Iterator[Stage]:
    """The site, with the recorder where the daemon looks for the PBX, and the first line of the transcript written."""
    with (
        freeswitch_site(prefix, folder, scenario.policies) as here,
        AmiRecorder(here.freeswitch.esl_port, end=b"\n\n") as recorder,
    ):
        text = here.config.read_text()
        here.config.write_text(text.replace(f"port = {here.freeswitch.esl_port}\n", f"port = {recorder.port}\n"))
        scenario.prepare(here, folder)
        pbx_root = str(here.pbx.recordings.inside)
        recorder.mark("started", pbx_root=pbx_root, policies=scenario.policies, announcements=announcements_of(here, scenario))
        yield Stage(here, recorder, words=ESL)


def expect(name: str) -> Json:
    """What a replay of the fixture tells, also written beside it."""
    replay = EslCourse(esl_fixtures.load(name)).whole
    told = tell(replay.calls.values(), replay.messages)
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (esl_fixtures.FOLDER / f"{name}.expected.json").write_text(text + "\n", "utf-8")
    return told


def write(name: str, received: bytes, lines: Sequence[Line]) -> Json:
    """The two files of the fixture and what it comes to."""
    esl_fixtures.FOLDER.mkdir(exist_ok=True, parents=True)
    (esl_fixtures.FOLDER / f"{name}.rx").write_bytes(received)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (esl_fixtures.FOLDER / f"{name}.tx.jsonl").write_text(text, "utf-8")
    return expect(name)


def agrees(name: str, taken: Taken) -> bool:
    """Write the fixture; whether it comes to what the daemon stored."""
    stored = tell(taken.stored, [])["calls"]
    for timers in ("last", "first"):
        lines = [line | {"timers": timers} if line.get("event") == "continued" else line for line in taken.lines]
        if same(stored, write(name, taken.received, lines)["calls"]):
            return True
    print(json.dumps(stored, indent=1, ensure_ascii=False))  # noqa: T201 - a script
    return False


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 when a scenario could not be taken."""
    prefix, *names = arguments
    failed = 0
    assert MODULES
    for name in names or TAKEN:
        right = agrees(name, record(Path(prefix), SCENARIOS[name]))
        failed += not right
        print(f"{name}: {'taken' if right else 'its replay does not come to what the daemon stored'}", flush=True)  # noqa: T201
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
