"""Holds back commands that must not overtake a job.

FreeSWITCH runs each job in a thread of its own, and the second may well be done before the first: a recording would then start after it
was told to stop. So a lane with a job under way is closed until that job has its outcome; other lanes go on.
"""

from collections import deque
from collections.abc import Iterator

from callguard.pbx.esl_command import EslCommand, OnOutcome

Asked = tuple[EslCommand, OnOutcome]


class Lanes:
    """Lanes by name; one exists only while a job of it is under way."""

    def __init__(self) -> None:
        self._closed: dict[str, deque[Asked]] = {}
        self.held = 0

    def admit(self, asked: Asked) -> bool:
        """Whether this may be sent now; if not, it is kept until `release` gives it back."""
        command, _ = asked
        if not command.lane:
            return True
        if command.lane in self._closed:
            self._closed[command.lane].append(asked)
            self.held += 1
            return False
        if command.way == "bgapi":
            self._closed[command.lane] = deque()
        return True

    def release(self, lane: str) -> Iterator[Asked]:
        """What may be sent as the lane's job is over: all up to the next job of the lane, that one too."""
        waiting = self._closed.pop(lane, None)
        while waiting:
            asked = waiting.popleft()
            self.held -= 1
            if asked[0].way == "bgapi":
                self._closed[lane] = waiting
                waiting = None
            yield asked

    def clear(self) -> list[Asked]:
        """Everything that is held back, and nothing is from then on."""
        asked = [one for waiting in self._closed.values() for one in waiting]
        self._closed.clear()
        self.held = 0
        return asked
