"""`make demo` as a user sees it, in one run: it ends by itself and well, and shows what he wants to see."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

LONGEST_S = 170
PROMISED = (
    "Inbound, the caller stays on the line",
    "Inbound, the caller refuses by key",
    "Inbound, the caller hangs up during the notice",
    "Outbound, the callee accepts by key",
    "Outbound, the callee refuses by key",
    "Outbound, the callee presses no key",
    "A text each way",
    "Seven months later",
)


def test_the_demo_shows_every_promise_kept_and_ends_in_time(asterisk_root: Path) -> None:
    """S1, S2, S8, S12, C1, C7: announced, decided, recorded, deleted; under three minutes, in 80 columns."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "tests.demo"]
    environment = {**os.environ, "CALLGUARD_ASTERISK_ROOT": str(asterisk_root), "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST_S, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - begun < LONGEST_S
    printed = done.stdout
    assert max(map(len, printed.splitlines())) <= 80
    assert "NOT" not in printed
    assert re.search(r"Everything was as promised: \d+ promises, all kept\.", printed)
    parts = re.split(r"\n\n", printed)
    for title in PROMISED:
        part = next(part for part in parts if title in part.partition("\n")[0])
        assert re.search(r"^kept +all \d+ promises$", part, re.MULTILINE), part
    flat = re.sub(r"\s+", " ", printed)
    for decision in ("stayed, by staying on the line", "refused, key 9", "unanswered, without a key", "granted, key 1", "refused, key 2"):
        assert decision in flat
    assert len(re.findall(r"expires \d{4}-\d{2}-\d{2}T", flat)) == 2
    assert flat.count("recording none") == 4
    assert "2 due, 2 deleted, 0 failed" in flat
    assert "2 before, 0 now" in flat
