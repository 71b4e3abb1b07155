"""What a person is given of a call, a message, a decision: everything about them, and of others no more than that they were there.

Others' numbers are masked down to their last three digits, extensions whole, and others' decisions are left out, unless the export is made
without masks. Whose equipment it was that the PBX saw is the caller's, so address and device are told to the caller alone (C2, C3). What
callguard knows of holds stays here: an investigation is not told by way of an export.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from callguard.rights.person import Person
from callguard.store.listing import ListedCall, ListedMessage, ListedParty
from callguard.store.person_rows import Decided

FORMAT = "callguard-export-1"

_SHOWN_DIGITS, _LEAST_DIGITS = 3, 7
_PLAIN = ("id", "pbx", "direction", "started_at", "answered_at", "ended_at", "duration_s", "billable_s", "disposition", "policy", "source")
_SOUND = ("id", "status", "started_at", "stopped_at", "expires_at", "size", "sha256")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """Through whose eyes: theirs, with or without masks on others."""

    person: Person
    masked: bool

    def number(self, written: str | None) -> str | None:
        """As it is told; ``None`` where it was withheld."""
        if written is None or not self.masked or self.person.meant_by(written):
            return written
        digits = [character for character in written if character.isdigit()]
        return "*****" + "".join(digits[-_SHOWN_DIGITS:]) if len(digits) >= _LEAST_DIGITS else "*****"

    def own(self, written: str | None) -> bool:
        """Whether it is the person's number."""
        return written is not None and self.person.meant_by(written)


def call_document(view: View, call: ListedCall, decided: Sequence[Decided]) -> Document:
    """One call; ``decided`` are the person's decisions in it. Recordings are without their files yet."""
    told: Document = {name: getattr(call, name) for name in _PLAIN}
    theirs = view.own(call.caller) or not view.masked
    return told | {
        "caller": view.number(call.caller),
        "callee": view.number(call.callee),
        "dialled": view.number(call.dialled),
        "redirecting": [view.number(one) for one in call.redirecting],
        "equipment_ip": call.equipment_ip if theirs else None,
        "user_agent": call.user_agent if theirs else None,
        "parties": [_party(view, one) for one in call.parties],
        "decisions": [_decision(one) for one in decided],
        "recordings": [{name: getattr(one, name) for name in _SOUND} for one in call.recordings],
    }


def message_document(view: View, message: ListedMessage) -> Document:
    """One message: who, to whom, when (C1)."""
    return asdict(message) | {"sender": view.number(message.sender), "recipient": view.number(message.recipient)}


def _party(view: View, party: ListedParty) -> Document:
    own = view.own(party.number)
    told = party.decision if own or not view.masked else None
    return {"role": party.role, "number": view.number(party.number), "you": own, "decision": told}


def _decision(one: Decided) -> Document:
    return {name: value for name, value in asdict(one).items() if name not in {"call", "leg"}}


def by_call(decided: Sequence[Decided]) -> Mapping[str, list[Decided]]:
    """The decisions of each call."""
    found: dict[str, list[Decided]] = {}
    for one in decided:
        found.setdefault(one.call, []).append(one)
    return found
