"""Other processes on the same database: real ones, that can be killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from callguard.store.database import Database

_PRELUDE = """
import sys
from callguard.store.database import open_database
from callguard.store.records import save_calls
from tests.integration.store_values import keep, life
database = open_database(sys.argv[1])
def say(text):
    print(text, flush=True)
def wait():
    sys.stdin.read()
"""


class OtherProcess:
    """A Python program that has `database`, `say` and `wait`."""

    def __init__(self, running: "subprocess.Popen[str]", out: IO[str]) -> None:
        self.pid = running.pid
        self._running = running
        self._out = out

    def hears(self) -> str:
        """The next line that it says; empty when it has ended."""
        return self._out.readline().strip()

    def kill(self) -> list[str]:
        """`kill -9`; what it had still said."""
        self._running.kill()
        self._running.wait(10)
        return self._out.read().split()


@contextmanager
def other_process(database: Database, program: str) -> Iterator[OtherProcess]:
    """Run the program until the end of the block at the latest."""
    url = database.url.render_as_string(hide_password=False)
    running = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _PRELUDE + program, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with running:
        assert running.stdout
        try:
            yield OtherProcess(running, running.stdout)
        finally:
            running.kill()
