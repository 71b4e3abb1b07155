"""What the announcements say: their names, their languages, and the company and keys filled into the text files.

Each prompt is a UTF-8 file ``<sounds>/<language>/<name>.txt`` in which ``{company}``, ``{accept_key}`` and ``{refuse_key}`` stand for
what differs from one operator to the next. The checking is strict, since the text is evidence of what a person was told (GDPR art. 7(1)
and 13): an unknown placeholder, a text that asks for a key without saying which, or a file whose name is no prompt's (a typing
mistake would silently leave the old prompt in place) is an error, and all errors are told at once.

Keys stay digits in the text, because a speech synthesiser says "9" in the language it speaks; star and hash are written out, as
synthesisers call them by names that nobody knows from a telephone.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from callguard.errors import ConfigError, Fault

LANGUAGES = ("ro", "en")

PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "inbound-notice": frozenset({"company"}),
    "inbound-opt-out": frozenset({"company", "refuse_key"}),
    "inbound-opt-in": frozenset({"company", "accept_key"}),
    "outbound-notice": frozenset({"company"}),
    "outbound-opt-out": frozenset({"company", "refuse_key"}),
    "outbound-opt-in": frozenset({"company", "accept_key", "refuse_key"}),
    "thank-you": frozenset(),
    "refused": frozenset(),
    "not-recorded": frozenset(),
}
"""Every prompt and what its text must say. Who calls or is called belongs into each first sentence (GDPR art. 13(1)(a)); a key that is
waited for must be told. An inbound caller need not be told how to refuse an opt-in: no key is a refusal too."""

NAMES = tuple(PLACEHOLDERS)
NEUTRAL_COMPANY: Mapping[str, str] = {"ro": "compania noastră", "en": "our company"}
"""What stands for the company in the audio that callguard ships."""

LONGEST_COMPANY = 80
"""Characters: about six seconds of speech, and a caller should hear the rest as well."""

SPOKEN_KEYS: Mapping[str, Mapping[str, str]] = {"ro": {"*": "steluță", "#": "diez"}, "en": {"*": "star", "#": "hash"}}
KEY = re.compile(r"[0-9*#]")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that a prompt tells: one DTMF key each, ``0`` to ``9``, ``*`` or ``#``, and not the same one twice."""

    accept: str
    refuse: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What is filled into the texts. ``company`` is ``None`` for the neutral name of each language."""

    company: str | None = None
    inbound: Keys = Keys("1", "9")
    outbound: Keys = Keys("1", "2")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One finished text, and the keys it tells (``None``: it does not mention that key)."""

    name: str
    language: str
    text: str
    accept_key: str | None
    refuse_key: str | None


def prompts(sources: Path, wording: Wording) -> tuple[Prompt, ...]:
    """Every prompt in every language, read from the folder ``sources``.

    Raises :class:`ConfigError` with all faults of the wording, the folders and the texts at once.
    """
    faults = [*_faults_of(wording), *_strays(sources)]
    finished: list[Prompt] = []
    for path in (sources / language / f"{name}.txt" for language in LANGUAGES for name in NAMES):
        try:
            finished.append(_prompt(path, wording))
        except ConfigError as error:
            faults.extend(error.faults)
    if faults:
        raise ConfigError("the announcements cannot be built", faults=faults)
    return tuple(finished)


def _faults_of(wording: Wording) -> Iterator[Fault]:
    for direction, keys in (("inbound", wording.inbound), ("outbound", wording.outbound)):
        for purpose, key in (("accept", keys.accept), ("refuse", keys.refuse)):
            if not KEY.fullmatch(key):
                yield Fault(f"{key!r} is not a telephone key", f"{direction} {purpose} key", "write one of 0-9, * or #")
        if keys.accept == keys.refuse:
            yield Fault("the same key accepts and refuses", f"{direction} keys", "choose two different keys")
    if wording.company is not None and not _speakable(wording.company):
        yield Fault(
            "the company's name is empty, too long or not one line of text",
            "company",
            f"write 1 to {LONGEST_COMPANY} letters, as the name should be spoken",
        )


def _speakable(company: str) -> bool:
    return 0 < len(company.strip()) <= LONGEST_COMPANY and company.isprintable()


def _strays(sources: Path) -> Iterator[Fault]:
    for path in sorted(sources.glob("*/*")):
        if path.parent.name in LANGUAGES and (path.suffix not in {".txt", ".wav"} or path.stem not in NAMES):
            yield Fault("no announcement has this name", str(path), f"use one of {', '.join(NAMES)} with .txt or .wav")


def _prompt(path: Path, wording: Wording) -> Prompt:
    name, language = path.stem, path.parent.name
    template = _template(path)
    named = _placeholders(path, template)
    if missing := PLACEHOLDERS[name] - named:
        wanted = ", ".join(f"{{{one}}}" for one in sorted(missing))
        raise ConfigError("the text does not say all that it must", place=str(path), remedy=f"write {wanted} into it")
    keys = wording.inbound if name.startswith("inbound") else wording.outbound
    spoken = SPOKEN_KEYS[language]
    text = template.format(
        company=NEUTRAL_COMPANY[language] if wording.company is None else unicodedata.normalize("NFC", wording.company),
        accept_key=spoken.get(keys.accept, keys.accept),
        refuse_key=spoken.get(keys.refuse, keys.refuse),
    )
    return Prompt(
        name,
        language,
        " ".join(text.split()),
        keys.accept if "accept_key" in named else None,
        keys.refuse if "refuse_key" in named else None,
    )


def _template(path: Path) -> str:
    """The file's text in composed form. A byte order mark, as some editors write, is no part of it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("not UTF-8", place=str(path), remedy="save the file as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", place=str(path), remedy="every prompt needs its text file") from error
    if not text.strip():
        raise ConfigError("empty", place=str(path), remedy="write what the announcement says")
    return unicodedata.normalize("NFC", text)


def _placeholders(path: Path, template: str) -> frozenset[str]:
    known = {"company", "accept_key", "refuse_key"}
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(
            "a brace stands alone", place=str(path), remedy="braces only around {company}, {accept_key}, {refuse_key}"
        ) from error
    for _, field, form, conversion in parts:
        if field is not None and (field not in known or form or conversion):
            raise ConfigError(
                f"unknown placeholder {{{field}}}", place=str(path), remedy="use {company}, {accept_key} or {refuse_key}, as they stand"
            )
    return frozenset(field for _, field, _, _ in parts if field is not None)
