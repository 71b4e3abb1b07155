"""Whether who runs a command may: the one place where roles are asked for, through which every command gets its settings.

A refusal is entered in the database and in the ledger. Who may not write the database cannot leave an entry in it; the system log is told
instead, and the message says which of the two it was.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from callguard.cli.failing import log_line
from callguard.clock import utc_now
from callguard.errors import CallguardError, GuardRefusal
from callguard.rights.asker import Asker, asking
from callguard.rights.roles import allowed
from callguard.signatures import signed

if TYPE_CHECKING:
    from callguard.config import Settings


def command_name(context: typer.Context) -> str:
    """What was typed behind `callguard`, without options: `person find`."""
    return context.command_path.removeprefix(context.find_root().command_path).strip()


def require_kept(chosen: "Settings", path: Path) -> None:
    """Raises :class:`GuardRefusal` when the configuration may be that of who is behind sudo, who would give themselves roles in it.

    It, and every folder above it, must belong to root or to the account that the command runs as, and be writable to nobody else.
    """
    if not asking(_keeper(chosen)).behind:
        return
    file = path.resolve()
    for each in (file, *file.parents):
        status = each.stat()
        others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
        if status.st_uid not in {0, os.getuid()} or others_write:
            remedy = "through sudo, only a configuration is believed that root or callguard's user keeps, in folders of theirs"
            raise GuardRefusal("can be written by others than root and the account that runs this", place=str(each), remedy=remedy)


def require_role(chosen: "Settings", command: str) -> None:
    """Raises :class:`GuardRefusal` unless who asks holds a role that may; that is entered."""
    asker, needed = asking(_keeper(chosen)), allowed(command)
    held = asker.roles(chosen.access)
    if held & needed:
        return
    wanted = " or ".join(sorted(needed)) or "one that nobody holds"
    has = ", ".join(sorted(held)) or "no role"
    remedy = "whoever keeps the configuration gives roles to accounts below [access]" if chosen.access else _NO_TABLE
    where = _entered(chosen, asker, command)
    raise GuardRefusal(f"needs the role {wanted}; {asker.account} has {has}; {where}", place=f"callguard {command}", remedy=remedy)


_NO_TABLE = "run it as root or as callguard's user; others need a role below [access] in the configuration"


def signature(chosen: "Settings", name: str | None) -> str:
    """Who acts, as it is written down: the name given, or that of the account; with the account where `[access]` says whose it is."""
    asker = asking(_keeper(chosen))
    return signed(name or asker.account, asker.account) if chosen.access else name or asker.account


def _keeper(chosen: "Settings") -> int | None:
    """Who owns the database, or the folder where it will be made; whoever that is can do anything to it."""
    kind, _, rest = chosen.store.url.partition(":///")
    file = Path(rest.partition("?")[0])
    for place in (file, file.parent) if kind == "sqlite" else ():
        with suppress(OSError):
            return place.stat().st_uid
    return None


def _entered(chosen: "Settings", asker: Asker, command: str) -> str:
    from callguard.cli.session import database
    from callguard.store.register_rows import enter
    from callguard.store.register_tables import denials

    try:
        with database(chosen) as opened, opened.write() as connection:
            enter(connection, denials, {"account": asker.account, "command": command, "at": utc_now()})
    except CallguardError:
        logged = log_line(f"{asker.account} was refused {command}")
        return "the refusal is in the journal, as the database takes no entry from here" if logged else "it could not be entered anywhere"
    return "the refusal is entered"
