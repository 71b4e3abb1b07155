"""Who may make files in the recordings root: read from ids, modes and groups, as one user cannot try it for another.

Two users share the root. The daemon makes each day's folder with the group of the root and full rights for it (see
:mod:`callguard.retention.folders`), and the PBX writes into that. So both must be in that group and be able to get there, and the daemon
must be able to write in the root. Root may do everything; a folder with an access list is beyond this reading.

A process keeps the groups that it was started with. So those of a running process are read where it can be found, and not those that its
user has by now: a PBX that was not restarted after it was put into the group cannot write.
"""

import grp
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_LISTENING = "0A"
"""The state of a listening socket in proc_net_tcp(5)."""


@dataclass(frozen=True, slots=True)
class Ids:
    """What the kernel judges by, and how to name it in a message."""

    who: str
    uid: int
    gids: frozenset[int]


def own() -> Ids:
    """This process."""
    return Ids(_name(os.geteuid()), os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))


def of_user(uid: int) -> Ids | None:
    """As the user would be after a new start; ``None`` for nobody that this machine knows."""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Ids(user.pw_name, uid, frozenset(os.getgrouplist(user.pw_name, user.pw_gid)))


def of_process(pid: int) -> Ids | None:
    """As the process is now; ``None`` when it is gone. proc_pid_status(5): the fourth id is that for files."""
    try:
        lines = (_PROC / str(pid) / "status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    fields = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    uid = int(fields["Uid"][3])
    return Ids(_name(uid), uid, frozenset(map(int, [fields["Gid"][3], *fields["Groups"]])))


def of_listener(port: int, program: str) -> Ids | None:
    """The program of this machine that listens on the port; by its user alone where no or not one process of that name is his."""
    uid = next(_listening_uids(port), None)
    if uid is None:
        return None
    running = {ids for ids in map(of_process, _pids(program)) if ids is not None and ids.uid == uid}
    return running.pop() if len(running) == 1 else of_user(uid)


def obstacle(ids: Ids, root: Path) -> str | None:
    """What keeps this user from sharing the root; ``None`` when nothing does."""
    if ids.uid == 0:
        return None
    for folder in (*reversed(root.parents), root):
        if not _may(ids, folder, os.X_OK):
            return f"{ids.who} cannot enter {folder}"
    group = root.stat().st_gid
    return None if group in ids.gids else f"{ids.who} is not in the group {_group_name(group)} that {root} has"


def may_write(ids: Ids, folder: Path) -> bool:
    """Whether this user may make files in the folder, by its mode."""
    return ids.uid == 0 or _may(ids, folder, os.W_OK | os.X_OK)


def has_access_list(folder: Path) -> bool:
    """Whether modes are not the whole truth; acl(5)."""
    return "system.posix_acl_access" in os.listxattr(folder)


def _may(ids: Ids, folder: Path, wanted: int) -> bool:
    found = folder.stat()
    shift = 6 if ids.uid == found.st_uid else 3 if found.st_gid in ids.gids else 0
    return (found.st_mode >> shift) & wanted == wanted


def _listening_uids(port: int) -> Iterator[int]:
    for table in ("tcp", "tcp6"):
        try:
            rows = (_PROC / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in map(str.split, rows):
            if row[3] == _LISTENING and row[1].endswith(f":{port:04X}"):
                yield int(row[7])


def _pids(program: str) -> Iterator[int]:
    for comm in _PROC.glob("[0-9]*/comm"):
        try:
            if comm.read_text("utf-8", "replace").strip() == program:
                yield int(comm.parent.name)
        except OSError:
            continue


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
