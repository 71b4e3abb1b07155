"""`callguard run` that is killed with -9 at one exact point: `python -m tests.rig.dying_daemon POINT N --config FILE run`.

The points of a turn that changes rows: `before-commit`, `after-commit` (rows are written, nothing was sent) and `after-orders` (the orders
are on the wire, their answers never come). N counts such turns from 0. In the program itself there is no switch for this.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from itertools import count

from callguard.call.commands import Command
from callguard.cli import main
from callguard.engine import Engine
from callguard.turn import Turn
from callguard.writing import Writing

WIRE_S = 0.02
"""What the link's thread needs, amply, to write what it was given."""

POINTS = ("before-commit", "after-commit", "after-orders")


def die_at(point: str, number: int) -> None:
    """Arrange the death."""
    write, send, turns = Writing.write, Engine._send, count()
    here = {"turn": -1}

    def reached(name: str) -> None:
        if name == point and here["turn"] == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def dying_write(writing: Writing, turn: Turn) -> None:
        if turn.changes:
            here["turn"] = next(turns)
            reached("before-commit")
        write(writing, turn)
        reached("after-commit")

    def dying_send(engine: Engine, commands: Sequence[Command]) -> None:
        send(engine, commands)
        if point == "after-orders" and here["turn"] == number:
            time.sleep(WIRE_S)
        reached("after-orders")

    for owner, name, replacement in ((Writing, "write", dying_write), (Engine, "_send", dying_send)):
        setattr(owner, name, replacement)


if __name__ == "__main__":
    die_at(sys.argv[1], int(sys.argv[2]))
    sys.argv = ["callguard", *sys.argv[3:]]
    sys.exit(main())
