"""`python -m tests.bench [--json] [PART …]`: every bar of speed, as figure, bar, and met or not; `--profile` shows where the CPU goes.

Ratios are taken within one run on one machine. The PBX is the real one of $CALLGUARD_ASTERISK_ROOT, else of `.sandbox/asterisk22`.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.bench import cpu_ratio, latency, memory, notice_start, others
from tests.bench.bars import Bar, table
from tests.bench.profile import show_profile

ROOT: Final = Path(os.environ.get("CALLGUARD_ASTERISK_ROOT") or Path(__file__).parents[2] / ".sandbox" / "asterisk22")

LivePart = Callable[[Path, Path], Iterable[Bar]]


def main() -> int:
    """Measure, print; 0 when every bar is met, 1 when one is not."""
    chosen = _arguments()
    if chosen.profile:
        with tempfile.TemporaryDirectory(prefix="callguard-bench-") as folder:
            show_profile(ROOT, Path(folder))
        return 0
    bars = [bar for name, part in PARTS.items() if name in (chosen.parts or PARTS) for bar in _measured(name, part)]
    if chosen.json:
        found = [{**asdict(bar), "met": bar.met} for bar in bars]
        sys.stdout.write(json.dumps({"cores": os.cpu_count(), "bars": found}, ensure_ascii=False, indent=2) + "\n")
    else:
        table(bars)
    return 0 if all(bar.met for bar in bars) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Every bar of speed.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these of {', '.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--profile", action="store_true", help="where the daemon's CPU for a call goes")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if os.geteuid() != 0 or not (ROOT / "usr" / "sbin" / "asterisk").exists():
        parser.error(f"needs root, and an Asterisk in {ROOT}: `make bench` unpacks one")
    return chosen


def _measured(name: str, part: Callable[[], Iterable[Bar]]) -> list[Bar]:
    sys.stderr.write(f"measuring {name}, load {os.getloadavg()[0]:.1f} …\n")
    return list(part())


def live(part: LivePart) -> Callable[[], Iterable[Bar]]:
    """A part that needs the PBX, and a folder."""

    def measured() -> list[Bar]:
        with tempfile.TemporaryDirectory(prefix="callguard-bench-") as folder:
            return list(part(ROOT, Path(folder)))

    return measured


PARTS: Final[Mapping[str, Callable[[], Iterable[Bar]]]] = {
    "cpu": live(cpu_ratio.measure),
    "latency": live(latency.measure),
    "notice": live(notice_start.measure),
    "intake": others.intake,
    "memory": memory.measure,
    "sweep": others.sweep,
    "search": others.search,
    "ledger": others.ledger,
}

if __name__ == "__main__":
    sys.exit(main())
