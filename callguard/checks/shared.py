"""Whether this machine and the PBX mean the same folder: a small file is written here, and the PBX is asked what it says.

The PBX reads it by its dialplan function AST_CONFIG (module `func_config`), which a manager with the class `call` may ask for and which
takes any path; STAT would say less and is closed to managers. The file has always the same name, as the PBX remembers each name that it
was ever asked for.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from callguard.checks.asking import Asking
from callguard.checks.report import Check, Subject
from callguard.retention.files import delete

NAME = ".callguard-check"
NO_AST_CONFIG = "the PBX has no AST_CONFIG to read a file with"
LOAD_IT = "load the module func_config"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def same_folder(subject: Subject, pbx: Asking, here: Path, there: PurePath) -> Check:
    """Whether `here`, as this machine calls it, is what the PBX calls `there`, and the PBX may read it."""
    if not pbx.reads_files():
        return subject.unchecked(NO_AST_CONFIG, LOAD_IT)
    try:
        with _probe(here) as token:
            seen = pbx.setting(str(there / NAME), "callguard", "token")
    except OSError as failure:
        return subject.unchecked(f"{here}: {failure.strerror} to this user", "run the check as root or as callguard's user")
    if seen != token:
        return subject.failed(
            f"what callguard writes in {here} the PBX does not find in {there}, or may not read there",
            f"mount one folder on both, under these two names, and let the PBX enter {there}",
        )
    return subject.ok(f"the PBX reads in {there} what callguard writes in {here}")


@contextmanager
def _probe(folder: Path) -> Iterator[str]:
    token = secrets.token_hex(8)
    descriptor = os.open(folder / NAME, _FLAGS, 0o644)
    os.fchmod(descriptor, 0o644)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"[callguard]\ntoken = {token}\n")
        yield token
    finally:
        delete(folder, NAME)
