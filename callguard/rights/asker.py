"""Who asks, as far as the machine knows, and which roles they hold.

Whoever runs a command from an account of their own is that account: the kernel says so. Two accounts are no person's: root, and that of the
service (called `callguard`, or whoever owns the database), from which commands are run through sudo. There it is asked who stands behind:
sudo tells (``SUDO_UID``), else the login that the kernel remembers through su and root shells (``/proc/self/loginuid``). Both could be made
up, but only by somebody who is root, or the service, already and could read the database without asking. From any other account neither
is believed: a user sets their environment as they like, and a login that was never set may be set by anybody.

Without `[access]`, whoever runs commands as root or as the service has every role, and nobody else has any. With it, people have the roles
that it gives to their account or to one of its groups; root and the service keep `admin`, as the daemon has to run, whoever is behind them.
"""

import grp
import os
import pwd
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from callguard.rights.roles import EVERY, Role

SERVICE = "callguard"
"""The account that the service runs under; see systemd/callguard.sysusers."""

_LOGIN = Path("/proc/self/loginuid")
_UNSET = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Asker:
    """Who stands behind the command, their groups, whether it runs as root or the service, and ``behind``: as an account not theirs."""

    account: str
    groups: frozenset[str]
    owner: bool
    behind: bool = False

    def roles(self, access: Mapping[str, Sequence[str]]) -> AbstractSet[Role]:
        """What `[access]` gives them; empty, it is not there."""
        if not access:
            return EVERY if self.owner else frozenset()
        named = {self.account, *(f"%{group}" for group in self.groups)}
        given = {Role(role) for name, roles in access.items() if name in named for role in roles}
        return frozenset(given | ({Role.ADMIN} if self.owner else set()))


def asking(keeper: int | None) -> Asker:
    """Who runs this process; ``keeper`` is the account that owns the database, ``None`` where no account of this machine does."""
    running, told = os.getuid(), _behind()
    owner = running in {0, keeper} or _name(running) == SERVICE
    uid = told if owner and told is not None else running
    return Asker(_name(uid), _groups(uid, itself=uid == running), owner, behind=told not in {None, running})


def _behind() -> int | None:
    for told in (os.environ.get("SUDO_UID", ""), _login()):
        if told.isascii() and told.isdigit() and int(told) < _UNSET:
            return int(told)
    return None


def _login() -> str:
    with suppress(OSError):
        return _LOGIN.read_text("ascii").strip()
    return ""


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _groups(uid: int, *, itself: bool) -> frozenset[str]:
    """By name. Those of the process where it is theirs: a container may know no account of that number."""
    found: set[int] = {os.getgid(), *os.getgroups()} if itself else set()
    with suppress(KeyError):
        account = pwd.getpwuid(uid)
        found.update(os.getgrouplist(account.pw_name, account.pw_gid))
    named = set()
    for group in found:
        with suppress(KeyError):
            named.add(grp.getgrgid(group).gr_name)
    return frozenset(named)
