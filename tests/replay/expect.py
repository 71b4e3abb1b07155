"""Writes what the fixtures come to: `python -m tests.replay.expect [NAME …]`, all of them where none is named.

For when the core was changed on purpose. What is written is a claim until somebody has read it: look at the difference first.
"""

import json
import sys
from collections.abc import Sequence

from tests.replay import fixtures
from tests.replay.course import Course
from tests.replay.fixtures import load
from tests.replay.telling import Json, tell


def expect(name: str) -> Json:
    """What a replay of the fixture tells, also written beside it."""
    replay = Course(load(name)).whole
    told = tell(replay.calls.values(), replay.messages)
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (fixtures.FOLDER / f"{name}.expected.json").write_text(text + "\n", "utf-8")
    return told


def main(names: Sequence[str]) -> None:
    """Write them."""
    for name in names or fixtures.names():
        expect(name)


if __name__ == "__main__":
    main(sys.argv[1:])
