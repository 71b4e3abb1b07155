"""What lies at a recording's place, by name: its row keeps the name under which the PBX wrote it, and the rest follows from that.

    NAME                  the plain sound, as the PBX wrote it
    NAME.sealed           the sealed one, which takes its place (:mod:`callguard.evidence.vault`)
    NAME.sealed.part      a sealing, or the repair before it, that is under way or was cut off
    ….json, ..….json      the tag of either where the file system has no attributes, and the draft of one

The name of the plain file stays in the row because it is evidence of what the PBX was told, and because it can be known before and after
the sealing alike: whoever looks for a recording looks for both.
"""

from enum import StrEnum
from typing import NamedTuple

from callguard.call.state import RecordingStatus

SEALED = frozenset({RecordingStatus.SEALED, RecordingStatus.DELETING})
"""Statuses of a recording that lies there sealed, if it still lies there."""


def sealed(name: str) -> str:
    """The name of the sealed file."""
    return f"{name}.sealed"


def part(name: str) -> str:
    """The name of one that is not whole yet."""
    return f"{name}.sealed.part"


def shown(path: str, status: RecordingStatus) -> str:
    """Where a recording of that status lies, for people and scripts."""
    return sealed(path) if status in SEALED else path


def sidecars(name: str) -> tuple[str, str]:
    """The names that a tag beside the file ``name`` may have: the finished one, and the draft of one that was cut off."""
    return f"{name}.json", f".{name}.json"


def plain_names(name: str) -> tuple[str, ...]:
    """All that is there of a plain recording; the sound last, so that what was cut off is still found by it."""
    return (*sidecars(name), name)


def all_names(name: str) -> tuple[str, ...]:
    """All that may be there of a recording; that which holds sound in the clear goes before the sealed one, by which it is found."""
    return (*plain_names(name), part(name), *sidecars(sealed(name)), sealed(name))


class Form(StrEnum):
    """What a name says that lies under it."""

    PLAIN = "plain"
    SEALED = "sealed"
    PART = "part"
    TAG = "tag"
    DRAFT = "draft"


class Named(NamedTuple):
    """A name taken apart: ``file`` is the one that a tag is of, else the name itself; ``plain`` is what its row would hold."""

    form: Form
    file: str
    plain: str


_OURS = (".json", sealed(""), part(""))


def named(name: str) -> Named:
    """The form that a name tells, whoever gave it: a file of any other name may be a recording."""
    if not name.endswith(_OURS):
        return Named(Form.PLAIN, name, name)
    file = name.removesuffix(".json")
    if file not in {name, "", "."}:
        draft = file.startswith(".")
        file = file.removeprefix(".")
        return Named(Form.DRAFT if draft else Form.TAG, file, named(file).plain)
    for form, suffix in ((Form.PART, part("")), (Form.SEALED, sealed(""))):
        if name.endswith(suffix) and name != suffix:
            return Named(form, name, name.removesuffix(suffix))
    return Named(Form.PLAIN, name, name)
