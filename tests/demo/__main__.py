"""`python -m tests.demo [--keep]`: exit status 0 when everything was as promised, 1 when it was not, and what was not is named.

The Asterisk is that of $CALLGUARD_ASTERISK_ROOT, else of `.sandbox/asterisk22`.
"""

import argparse
import os
import signal
import sys
import tempfile
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tests.demo import sweeping, texts
from tests.demo.accounts import Kind, account, told
from tests.demo.keeping import keep
from tests.demo.plays import Played, play_all
from tests.demo.promises import KINDS, promises
from tests.demo.stage import COMPANY, free, stage
from tests.demo.telling import Telling
from tests.rig.site import Site

SANDBOX = Path(__file__).parents[2] / ".sandbox" / "asterisk22"


def main() -> int:
    """Run the demo; the exit status."""
    arguments = argparse.ArgumentParser(prog="python -m tests.demo", description="The main job for real, on a private Asterisk.")
    arguments.add_argument("--keep", action="store_true", help="leave everything running, to call in with a softphone")
    chosen = arguments.parse_args()
    root = Path(os.environ.get("CALLGUARD_ASTERISK_ROOT") or SANDBOX)
    if os.geteuid() != 0 or not (root / "usr" / "sbin" / "asterisk").exists():
        sys.stderr.write(f"The demo needs root, and an Asterisk in {root}: `make demo` unpacks one.\n")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # everything that was started is stopped on the way out
    folder = Path(tempfile.mkdtemp(prefix="callguard-demo-"))
    try:
        return demo(root, folder, Telling(), stay=chosen.keep)
    except KeyboardInterrupt:
        return 1
    except (AssertionError, TimeoutError) as error:
        sys.stderr.write(f"NOT as promised, and so the demo ends here: {error}\n")
        return 1
    finally:
        free(folder)


def demo(root: Path, folder: Path, telling: Telling, *, stay: bool) -> int:
    """All parts in order."""
    telling.part("callguard demo", f"{COMPANY} and the people who call it")
    with stage(root, folder, telling.line) as site:
        calls = show_calls(site, telling)
        show_texts(site, telling)
        show_sweep(site, telling, calls)
        status = telling.verdict()
        if stay:
            keep(site, telling)
    return status


def show_calls(site: Site, telling: Telling) -> list[dict[str, Any]]:
    """Six calls side by side; what `callguard calls` tells of them."""
    numbers = {f"07221001{place:02}": kind for place, kind in enumerate(KINDS, 1)}
    telling.line("calls", f"{len(numbers)} side by side, with sound, half a minute …")
    played = play_all(site, {number: kind.play for number, kind in numbers.items()})
    calls = site.wait("the end of all calls", lambda: ended(site, len(numbers)))
    for place, (number, kind) in enumerate(numbers.items(), 1):
        telling.part(f"{place}  {kind.title}", number)
        show_call(site, telling, kind, played[number], calls)
    return calls


def ended(site: Site, count: int) -> list[dict[str, Any]] | None:
    """All calls, once there are so many, all are over, and every recording is measured."""
    calls = site.calls()
    over = all(call["ended_at"] and all(one["size"] is not None for one in call["recordings"]) for call in calls)
    return calls if over and len(calls) >= count else None


def show_call(site: Site, telling: Telling, kind: Kind, playing: Future[Played], calls: list[dict[str, Any]]) -> None:
    """One call: what happened, and whether it is what was promised."""
    try:
        played = playing.result()
    except (TimeoutError, AssertionError) as error:
        telling.judge(kind.title, [(f"the call can be made: {str(error).partition(chr(10))[0]}", False)])
        return
    known = next(call for call in calls if call["dialled"] == played.number or call["caller"] == f"+4{played.number}")
    course = account(site, kind, played, known)
    for label, sentence in told(course):
        telling.line(label, sentence)
    telling.judge(kind.title, promises(course))


def show_texts(site: Site, telling: Telling) -> None:
    """A text each way."""
    texts.send(site)
    telling.part(f"{len(KINDS) + 1}  A text each way (SIP MESSAGE)", texts.FRIEND)
    for label, sentence in texts.told(site):
        telling.line(label, sentence)
    telling.judge("Texts", texts.promises(site))


def show_sweep(site: Site, telling: Telling, calls: list[dict[str, Any]]) -> None:
    """Seven months later."""
    swept = sweeping.sweep(site)
    telling.part("Seven months later", "the recordings have expired")
    for printed, arguments in (
        (swept.today, "--dry-run"),
        (swept.preview, f"--dry-run --as-of {swept.as_of}"),
        (swept.printed, f"--as-of {swept.as_of}"),
    ):
        telling.line("$", f"callguard sweep {arguments}")
        telling.quote(printed)
    for label, sentence in sweeping.left(swept):
        telling.line(label, sentence)
    telling.judge("Sweep", sweeping.promises(swept, calls))


if __name__ == "__main__":
    sys.exit(main())
