"""Async AGI: what we ask of a leg in our hands, and what its answer says.

Asterisk answers a command in an `AsyncAGIExec` event that carries our CommandID and a line like `200 result=57 endpos=16800`: the key's
character code (0 for none, -1 for a hang-up, a missing file or the safety net) and how many samples of the sound were played.
"""

import re
from dataclasses import dataclass

from callguard.call import events as ev
from callguard.pbx.border import Where

_RESULT = re.compile(r"200 result=(?P<result>-?\d+)(?: \(timeout\))?(?: endpos=(?P<endpos>\d+))?")
_FRAME_MS = 20


@dataclass(frozen=True, slots=True)
class CommandId:
    """What we asked of a leg, written into the AGI command's id so that its answer needs no memory: it outlives the daemon.

    ``duration_ms`` is the prompt's length and ``rate`` the samples a second in which Asterisk counts `endpos`; both 0 for a question.
    """

    step: int
    duration_ms: int = 0
    rate: int = 0

    def __str__(self) -> str:
        return f"callguard/{self.step}/{self.duration_ms}/{self.rate}"

    @classmethod
    def read(cls, text: str) -> "CommandId | None":
        """Ours or ``None``."""
        owner, *figures = text.split("/")
        if owner != "callguard" or len(figures) != 3 or not all(figure.isdecimal() for figure in figures):
            return None
        return cls(*map(int, figures))

    def outcome(self, answer: str, where: Where) -> ev.Event:
        """The event that this answer is; an answer that is no success fails the step."""
        found = _RESULT.match(answer)
        if found is None:
            return ev.StepFailed(**where, step=self.step, reason="refused by the PBX")
        key = chr(int(found["result"])) if int(found["result"]) > 0 else None
        if not self.rate:
            return self._question(int(found["result"]), key, where)
        heard_ms = min(int(found["endpos"] or 0) * 1000 // self.rate, self.duration_ms)
        whole = key is None and int(found["result"]) == 0 and heard_ms >= self.duration_ms - _FRAME_MS
        return ev.AnnouncementEnded(**where, step=self.step, heard_ms=heard_ms, complete=whole, key=key)

    def _question(self, result: int, key: str | None, where: Where) -> ev.Event:
        if result < 0:
            return ev.StepFailed(**where, step=self.step, reason="hung up or taken back")
        return ev.DigitCollected(**where, step=self.step, key=key)
