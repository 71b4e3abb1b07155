# ruff: noqa: N818 - a refusal or a loss is named for what it is; the word "Error" is kept for the branches
"""Every way in which callguard itself says no, and the exit status each one ends a command with.

    CallguardError                  1   something callguard asked for did not come about
    ├── UsageError                  2   the command line asks for something that cannot be
    ├── ConfigError                 2   the configuration; carries all of its faults at once
    ├── PartialFailure              3   some of the work was done; which, is in the faults
    ├── GuardRefusal                4   a guard (hold, floor, second person, path outside the root) said no
    ├── LinkError                   1   the connection to a PBX
    │   ├── LinkLost                    it ended, or never came; what was asked may or may not have happened
    │   ├── LinkOverdue                 the PBX did not answer within the bound named in the message
    │   ├── LoginRefused                the PBX refused name or secret; trying again cannot help
    │   ├── ActionRefused               the PBX understood an action and refused or failed it
    │   ├── ProtocolFault               the other side does not speak the protocol, or over its bounds
    │   └── UnsafeText                  a key or value held a control character and was not sent
    ├── StoreError                  1   the database
    │   ├── StoreLocked                 another process writes; the bound on waiting ran out
    │   ├── StoreOvertaken              a row is not any more as it was judged
    │   ├── StoreReadOnly               it cannot be written to
    │   ├── StoreNewer                  its schema was made by a later callguard
    │   ├── StoreOlder                  its schema was never migrated to this callguard
    │   ├── StoreOccupied               another daemon already serves it
    │   ├── StoreUnreachable            no server, no file, or not a database
    │   └── StoreRefused                a constraint of its schema refused a row; trying again cannot help
    └── FileFault                   1   a recording, announcement or secret is missing, unreadable or astray

An error says three things apart, so that the command line can set them out and `--json` can carry them: what
is wrong (`message`), where (`place`: a file, a key path, a PBX by name), and what to write or do instead
(`remedy`). None of the three may hold a secret, a whole phone number or text of a caller: they end
up in logs and on terminals.

`faults` is there on every error, with one entry unless a class carries more, so that nobody has to tell the
cases apart.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, what, and what to do about it. Empty text stands for "not known"."""

    message: str
    place: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        head = f"{self.place}: {self.message}" if self.place else self.message
        return f"{head} ({self.remedy})" if self.remedy else head

    def as_json(self) -> dict[str, str]:
        """The three parts by name, for `--json`."""
        return asdict(self)


class CallguardError(Exception):
    """The root: message, place, remedy.

    The keywords default to "not known"; that keeps every subclass copyable and picklable.
    """

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, place: str = "", remedy: str = "", faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.remedy = remedy
        self.faults: tuple[Fault, ...] = tuple(faults) or (Fault(message, place, remedy),)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class UsageError(CallguardError):
    """The command line asks for something that cannot be."""

    exit_status = 2


class ConfigError(CallguardError):
    """The configuration cannot be used; `faults` holds every reason at once."""

    exit_status = 2


class PartialFailure(CallguardError):
    """Some of the work was done and stays done; `faults` names what was not."""

    exit_status = 3


class GuardRefusal(CallguardError):
    """A guard said no. Nothing was changed."""

    exit_status = 4


class LinkError(CallguardError):
    """The connection to a PBX; `place` is the PBX's name in the configuration."""


class LinkLost(LinkError):
    """The connection ended or never came.

    Whether an unanswered action happened is unknown, and it is never sent again.
    """


class LinkOverdue(LinkError):
    """No answer within the bound that the message names, in seconds."""


class LoginRefused(LinkError):
    """The PBX refused the name or the secret: a fatal state of the link, left only by a reload."""


class ActionRefused(LinkError):
    """The PBX understood an action and refused or failed it."""


class ProtocolFault(LinkError):
    """The other side does not speak the protocol, or a message was larger than its bound."""


class UnsafeText(LinkError):
    """A key or value held a control character, which could have been a second action. It was not sent."""


class StoreError(CallguardError):
    """The database; `place` is its URL without the password."""


class StoreLocked(StoreError):
    """Another process is writing and the bound on waiting for it ran out. Trying again can help."""


class StoreOvertaken(StoreError):
    """Another hand wrote to a row between the question and the deed. Nothing was changed; it has to be judged again."""


class StoreReadOnly(StoreError):
    """The database cannot be written to: file mode, read-only mount or a PostgreSQL role without rights."""


class StoreNewer(StoreError):
    """The schema was made by a later callguard, whose rows this one might spoil."""


class StoreOlder(StoreError):
    """The schema has not been migrated to what this callguard writes."""


class StoreRefused(StoreError):
    """A constraint of the schema refused this row. Trying again cannot help."""


class StoreOccupied(StoreError):
    """Another daemon already serves this database; two writers would decide twice."""


class StoreUnreachable(StoreError):
    """There is no server, no file, or what is there is not a database."""


class FileFault(CallguardError):
    """A file or folder is missing, unreadable, a symbolic link or astray; `place` is its path."""
