"""The letters to people, in Romanian and English: what became of a request, why it takes longer, what happened to their data (S14, S15).

A letter is made from a text in ``<language>/<name>.txt`` in which ``$names`` stand for what differs. An answer tells the outcome and its
reason, the person's rights, and the authority to complain to; an extension tells the new day and the reason. Both go to the holder of a
number, since a number is all that is known of the person here: who sends the letter writes the name and address above it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from string import Template

from callguard.errors import CallguardError, UsageError
from callguard.rights.letters.words import OUTCOMES, RIGHTS, WAYS
from callguard.rights.terms import ARTICLES
from callguard.store.request_rows import Request

_PARAGRAPH: Mapping[str, str] = {"ro": " alin. (", "en": " ("}
"""How each language cites a paragraph of an article."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who answers: the controller's name, how to reach it, and the supervisory authority, each in words as they are printed."""

    name: str
    contact: str
    authority: str


def in_language(chosen: str) -> str:
    """A language that there are letters in. Raises :class:`UsageError`."""
    if chosen not in RIGHTS:
        raise UsageError("is no language that there are letters in", place="--language", remedy=f"write one of {', '.join(RIGHTS)}")
    return chosen


def letter_of(request: Request, sender: Sender, language: str, today: date) -> str:
    """What the person is to be told now: the answer, or that it takes longer. Raises :class:`CallguardError` where there is neither."""
    waits = request.end is None and request.extension is not None
    return (extension if waits else answer)(request, sender, language, today)


def answer(request: Request, sender: Sender, language: str, today: date) -> str:
    """The answer to a request that was closed. Raises :class:`CallguardError` while it is open."""
    if request.end is None or request.end.outcome is None:
        remedy = f"callguard request close {request.id} --outcome … --reason …"
        raise CallguardError("is open: there is nothing to answer yet", place=f"request {request.id}", remedy=remedy)
    told = {"outcome": OUTCOMES[language][request.end.outcome], "reason": request.end.reason}
    return written("answer", language, _named(request, sender, language, today) | told)


def extension(request: Request, sender: Sender, language: str, today: date) -> str:
    """What the person must be told of an extension. Raises :class:`CallguardError` when there was none."""
    if request.extension is None:
        raise CallguardError("was not extended", place=f"request {request.id}", remedy=f"callguard request extend {request.id} --reason …")
    told = {"due": request.due_on.isoformat(), "reason": request.extension.reason}
    return written("extension", language, _named(request, sender, language, today) | told)


def _named(request: Request, sender: Sender, language: str, today: date) -> dict[str, str]:
    return {
        "sender": sender.name,
        "contact": sender.contact,
        "authority": sender.authority,
        "today": today.isoformat(),
        "number": str(request.id),
        "received": request.received_on.isoformat(),
        "person": request.number.e164 or request.number.raw,
        "right": RIGHTS[language][request.right],
        "article": ARTICLES[request.right].replace(" (", _PARAGRAPH[language]),
        "way": WAYS[language][request.way],
    }


def written(name: str, language: str, words: Mapping[str, str]) -> str:
    """A text with what differs filled in; a text that asks for more than is there is a ``KeyError``."""
    text = files(__name__).joinpath(language, f"{name}.txt").read_text("utf-8")
    return Template(text).substitute(words)
