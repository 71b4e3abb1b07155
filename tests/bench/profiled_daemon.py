"""`callguard run` with a profile of each of its threads, in CPU time: `python -m tests.bench.profiled_daemon --config FILE run`.

A profile is left in $RUNTIME_DIRECTORY under the first word of its thread's name; that of the engine begins when it has started.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from cProfile import Profile
from pathlib import Path
from unittest.mock import patch

from callguard.cli import main
from callguard.engine import Engine

run_thread, run_engine = threading.Thread.run, Engine.run


def profiled(name: str, work: Callable[[], None]) -> None:
    """Do the work, and leave its profile."""
    profile = Profile(time.thread_time)
    profile.runcall(work)
    profile.dump_stats(Path(os.environ["RUNTIME_DIRECTORY"], f"{name.partition(' ')[0]}.profile"))


if __name__ == "__main__":
    with (
        patch.object(threading.Thread, "run", lambda thread: profiled(thread.name, lambda: run_thread(thread))),
        patch.object(Engine, "run", lambda engine: profiled("engine", lambda: run_engine(engine))),
    ):
        sys.exit(main())
