"""The hash chain: how an entry is written and what its hash is over. Pure; it never changes, or old entries could not be checked.

An entry has a sequence number from 1 on without holes, the time at which it was written, a kind, a body and the hash of the entry before it
(64 zeros before the first). Its hash is SHA-256, in lower-case hexadecimal, over the canonical JSON of the object of these five:

    {"at":"2026-11-22T00:12:30.250Z","body":{…},"kind":"consent","previous":"…","sequence":17}

*Canonical JSON* is RFC 8785 for what callguard writes of JSON: ``null``, ``true``, ``false``, text, whole numbers of magnitude below
2**53, lists, and objects whose keys are ASCII. No white space, keys sorted; in text only ``"``, the backslash and U+0000 to U+001F are
escaped, each by its shortest form; UTF-8. Fractions are refused, since their written form is where implementations differ, and so are lone
surrogates, which have no UTF-8.

A kind is lower-case letters and hyphens, which is checked when the chain is: the text that is hashed can be taken apart in one way only.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeAlias

Value: TypeAlias = "bool | int | str | Sequence[Value] | Mapping[str, Value] | None"

KIND = re.compile(r"[a-z][a-z-]*")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT = 2**53

encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
"""Canonical JSON of what is known to be exact, as the columns of a row are by the schema: not looked at member by member."""


class Entry(NamedTuple):
    """What is to be entered: the kind, and the body as canonical JSON."""

    kind: str
    body: str


class Link(NamedTuple):
    """An entry in its place in the chain; ``at`` in milliseconds since 1970-01-01T00:00Z."""

    sequence: int
    at: int
    kind: str
    body: str
    hash: str


class Head(NamedTuple):
    """The last entry: how many there are, and the hash that stands for all of them."""

    sequence: int
    hash: str


GENESIS = Head(0, "0" * 64)
"""Before the first entry."""


def canonical(value: Value) -> str:
    """The one way to write the value. Raises ``ValueError`` for what has no such way."""
    _require_exact((value,))
    return encoded(value)


def digest(value: Value) -> str:
    """SHA-256 of the value's canonical JSON, in hexadecimal. Raises ``ValueError``."""
    return sha256(canonical(value).encode()).hexdigest()


def link_hash(previous: str, sequence: int, at: int, kind: str, body: str) -> str:
    """The hash of an entry. The text is put together from parts that are canonical already."""
    text = f'{{"at":"{written(at)}","body":{body},"kind":"{kind}","previous":"{previous}","sequence":{sequence}}}'
    return sha256(text.encode()).hexdigest()


def follow(head: Head, at: int, entries: Iterable[Entry]) -> Iterator[Link]:
    """The entries one after the other behind ``head``."""
    sequence, previous = head.sequence, head.hash
    for entry in entries:
        sequence += 1
        previous = link_hash(previous, sequence, at, entry.kind, entry.body)
        yield Link(sequence, at, entry.kind, entry.body, previous)


def exported(links: Iterable[Link], head: Head, now: str) -> Iterator[str]:
    """All entries as lines of JSON, each with its hash beside what that is over, and a last line by which a cut-off copy is known."""
    previous = GENESIS.hash
    for sequence, at, kind, body, found in links:
        named = f'"kind":"{kind}","previous":"{previous}","sequence":{sequence}'
        yield f'{{"at":"{written(at)}","body":{body},"hash":"{found}",{named}}}\n'
        previous = found
    yield canonical({"exported_at": now, "head": head.hash, "sequence": head.sequence}) + "\n"


def written(at: int) -> str:
    """ISO 8601 to the millisecond, with ``Z``."""
    return f"{_second(at // 1000)}.{at % 1000:03d}Z"


@lru_cache(maxsize=16)
def _second(since_epoch: int) -> str:
    return (_EPOCH + timedelta(seconds=since_epoch)).strftime("%Y-%m-%dT%H:%M:%S")


def _require_exact(values: Iterable[Value]) -> None:
    for value in values:
        if value is None or isinstance(value, str):
            continue
        if isinstance(value, int):
            if not -_EXACT < value < _EXACT:
                raise ValueError("a number of 2**53 and more is not exact everywhere")
        elif isinstance(value, list | tuple):
            _require_exact(value)
        elif isinstance(value, Mapping):
            if not "".join(value).isascii():
                raise ValueError("a key is not ASCII")
            _require_exact(value.values())
        else:
            raise ValueError(f"{type(value).__name__} has no canonical form")  # noqa: TRY004 - one kind of refusal
