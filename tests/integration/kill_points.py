"""Kills a sealing, a sweep, an import, a fix with -9 before a writing call to the kernel: `python -m tests.integration.kill_points`.

It reads a line for each trial, ``WHAT FOLDER NAME POINT``, forks, has the child do it and die before its POINT-th writing call, and answers
with the child's exit status: 0 when there was no such call any more. One process for all, since to start Python takes longer than a trial.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from callguard.call.period import Period, Unit
from callguard.evidence.keys import KeyStore
from callguard.evidence.later import LaterSealing
from callguard.evidence.renewal import Renewal
from callguard.retention import overwriting
from callguard.retention.execution import execute
from callguard.retention.retag import Retagging
from callguard.retention.ruleset import PolicyTerms
from callguard.retention.sweep import plan_sweep
from callguard.store.database import open_database
from tests.integration.adoption_place import place_at
from tests.integration.reconcile_place import fix_at, give_back_at
from tests.integration.record_place import RULES
from tests.integration.sealed_place import carried_out, order, renewing_at, vault_at
from tests.integration.sweep_place import DUE

WRITING = ("mkdir", "pwrite", "fsync", "fdatasync", "setxattr", "rename", "unlink")
LONGEST = 100
"""Points; far more than there are."""


def observe(see: Callable[[str], None]) -> None:
    """Have every writing call and every commit told before it is made, for the rest of this process."""
    for name in WRITING:
        setattr(os, name, _told(getattr(os, name), name, see))
    opened = os.open

    def told_open(path: Any, flags: int, *arguments: Any, **named: Any) -> int:  # noqa: ANN401 - as os.open has them
        if flags & os.O_CREAT:
            see(f"create {path}")
        return opened(path, flags, *arguments, **named)

    os.open = told_open
    overwriting.written_out = _told(overwriting.written_out, "written_out", see)
    event.listen(sa.Engine, "commit", lambda _: see("commit"))


def _told(call: Callable[..., Any], name: str, see: Callable[[str], None]) -> Callable[..., Any]:
    def told(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the call has them
        about = Path(f"/proc/self/fd/{arguments[0]}").readlink() if isinstance(arguments[0], int) else str(arguments[0])
        see(f"{name} {about}")
        return call(*arguments, **named)

    return told


def seal(folder: Path, name: str) -> None:
    assert vault_at(folder).file(order(name), lambda: None).sealed


def sweep(folder: Path, name: str) -> None:
    del name
    database = open_database(f"sqlite:///{folder}/callguard.db")
    execute(plan_sweep(database, folder / "recordings", DUE, KeyStore(folder / "keys")))


def later(folder: Path, name: str) -> None:
    del name
    with closing(open_database(f"sqlite:///{folder}/callguard.db")) as database:
        carried_out(LaterSealing(database, vault_at(folder)))


def retag(folder: Path, name: str) -> None:
    del name
    rules = replace(RULES, policies={"inbound": PolicyTerms(Period(1, Unit.YEARS))})
    with closing(open_database(f"sqlite:///{folder}/callguard.db")) as database:
        plan = Retagging(database, folder / "recordings", rules)
        for one in plan.verdicts():
            plan.carry_out(one)


def renew(folder: Path, name: str) -> None:
    del name
    with closing(open_database(f"sqlite:///{folder}/callguard.db")) as database:
        carried_out(Renewal(database, renewing_at(folder)))


def adopt(folder: Path, name: str) -> None:
    del name
    with place_at(folder) as place:
        place.run(moving=True)


def _trial(what: str, folder: str, name: str, point: str) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left, counting = int(point), Lock()

    def count(_: str) -> None:
        nonlocal left
        with counting:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    observe(count)
    {"seal": seal, "sweep": sweep, "adopt": adopt, "later": later, "renew": renew, "fix": fix_at, "back": give_back_at}[what](
        Path(folder), name
    )
    os._exit(0)


class Killer:
    """The process, as a test uses it."""

    def __init__(self, running: "subprocess.Popen[str]") -> None:
        self._running = running

    def points(self, what: str, folder: Path, prepare: Callable[[str], object], step: int = 1) -> Iterator[str]:
        """One recording after the other, prepared and then dealt with by a child that was killed ``step`` calls later each time.

        Ends with the first child that was not killed.
        """
        for point in range(1, LONGEST * step, step):
            name = f"{what}{point:02d}"
            prepare(name)
            status = self._try(f"{what} {folder} {name} {point}")
            yield name
            if status == 0:
                return
            assert status == -signal.SIGKILL
        raise AssertionError("it never ended")

    def _try(self, trial: str) -> int:
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.write(f"{trial}\n")
        self._running.stdin.flush()
        return int(self._running.stdout.readline())


@contextmanager
def killer() -> Iterator[Killer]:
    """The process, for as long as it is needed."""
    arguments = [sys.executable, "-m", "tests.integration.kill_points"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield Killer(running)


if __name__ == "__main__":
    for line in sys.stdin:
        print(_trial(*line.split()), flush=True)  # noqa: T201 - the answer
