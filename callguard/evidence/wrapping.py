"""What stands in the file of a key: the key, wrapped by a master key; and in between, by two.

    callguard key 1\\n    60 bytes    60 bytes

The two places are for two master keys. At rest one of them holds the key and the other one nothing but zeros. A renewal writes the key,
wrapped by the new master key, into the free place, makes that durable, and only then writes zeros over the other one. So whatever happens
in between, a loss of power in the middle of a block included, the key opens with one of the two, and whoever comes after goes on from what
he finds. All of it is written where it lies: a copy under another name would be one more to destroy.

The length is always the same, so that each writing covers all that was there. Files of the first release end after the first place, and
get the second one when they are renewed.
"""

from collections.abc import Iterator

from callguard.errors import FileFault
from callguard.evidence.master import WRAPPED_BYTES, MasterKey

MARK = b"callguard key 1\n"
NOTHING = bytes(WRAPPED_BYTES)

PLACES = (len(MARK), len(MARK) + WRAPPED_BYTES)
"""Where they begin."""

LENGTH = len(MARK) + 2 * WRAPPED_BYTES


def written(recording: str, key: bytes, master: MasterKey) -> bytes:
    """The file of a new key."""
    return MARK + master.wrap(recording, key) + NOTHING


def opened(content: bytes, recording: str, master: MasterKey) -> bytes:
    """The key in a file, by the master key or by the one before it. Raises :class:`FileFault`."""
    found = found_in(content, recording, master)
    if found is None and master.former is not None:
        found = found_in(content, recording, master.former)
    if found is None:
        remedy = "name the master key that was in force when it was sealed"
        raise FileFault("its key does not open with this master key, or is damaged", place=recording, remedy=remedy)
    return found[1]


def found_in(content: bytes, recording: str, master: MasterKey) -> tuple[int, bytes] | None:
    """In which of the places this very master key has wrapped the key, and the key. Raises :class:`FileFault` for what is no key's file."""
    if not content.startswith(MARK):
        raise FileFault("its key is damaged", place=recording)
    keys = ((place, master.unwrap(recording, wrapped)) for place, wrapped in enumerate(_wrapped(content)))
    return next(((place, key) for place, key in keys if key is not None), None)


def is_at_rest(content: bytes, place: int) -> bool:
    """Whether nothing is left in the other place."""
    return not any([*_wrapped(content)][1 - place])


def _wrapped(content: bytes) -> Iterator[bytes]:
    return (content[at : at + WRAPPED_BYTES] for at in PLACES)
