"""The work of `callguard ledger`.

A ledger that does not hold is an error like any other: exit status 1, each break on stderr, and with `--json` in the document as well.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import Progress

from callguard.cli.output import print_fields, print_json
from callguard.clock import utc_now
from callguard.errors import CallguardError, Fault, FileFault, UsageError
from callguard.evidence.chain import Head, exported
from callguard.evidence.heads import heads_file, noted_heads
from callguard.evidence.verification import PROGRESS, Findings, NotedHead, verify
from callguard.private_file import new_private_file
from callguard.retention.rules import stamp
from callguard.store.database import Database
from callguard.store.evidence_rows import proven_rows
from callguard.store.ledger_rows import ledger_head, links, read_one_state

_REMEDY = "keep the database and the file of heads as they are, and find out who could write to them"

_HEAD = re.compile(r"(?P<hash>[0-9a-f]{64})@(?P<sequence>[1-9][0-9]{0,17})")


def given_head(written: str) -> NotedHead:
    """A head as it is typed. Raises :class:`UsageError`."""
    found = _HEAD.fullmatch(written)
    if found is None:
        remedy = 'write hash and count of a line "ledger head" of the journal, with @ between'
        raise UsageError("this is no HASH@SEQUENCE", place="--head", remedy=remedy)
    return NotedHead("--head", Head(int(found["sequence"]), found["hash"]))


def prove(database: Database, given: Sequence[NotedHead], *, as_json: bool) -> None:
    """Verify, and say what was found. Raises :class:`CallguardError` for a ledger that does not hold."""
    path = heads_file(database.url)
    noted = [*noted_heads(path), *given]  # before the database is looked at, which is never behind them
    with database.read() as connection, _progress(lambda: ledger_head(connection).sequence) as advance:
        read_one_state(connection)
        found = verify(links(connection), noted, proven_rows(connection), advance)
    if as_json:
        print_json(_document(found, len(noted), path))
    else:
        print_fields(_fields(found, len(noted), path))
    if found.broken:
        raise CallguardError("the ledger is not what was written", faults=[*_faults(found)])


def write_entries(database: Database, to: Path | None) -> None:
    """Export to a new file that is nobody else's, or to stdout. Raises :class:`UsageError` and :class:`FileFault`."""
    if to is None:
        _write_entries(database, sys.stdout.buffer)
        return
    try:
        with new_private_file(to) as descriptor, os.fdopen(descriptor, "wb", closefd=False) as file:
            _write_entries(database, file)
    except OSError as failure:
        raise FileFault(f"cannot be written: {failure.strerror}", place=str(to), remedy="make room, or name another place") from failure


def _write_entries(database: Database, out: BinaryIO) -> None:
    with database.read() as connection:
        read_one_state(connection)
        head = ledger_head(connection)
        out.writelines(line.encode() for line in exported(links(connection), head, stamp(utc_now())))


def _document(found: Findings, noted: int, path: Path) -> dict[str, object]:
    return {
        "entries": found.head.sequence,
        "head": {"sequence": found.head.sequence, "hash": found.head.hash},
        "heads": {"file": str(path), "noted": noted, "agreed": found.agreed},
        "proven": found.proven,
        "whole": not found.broken,
        "first_bad": found.first_bad,
        "broken": found.broken,
        "breaks": [{"entry": one.entry, "message": one.message} for one in found.breaks],
    }


def _fields(found: Findings, noted: int, path: Path) -> Iterator[tuple[str, str | int]]:
    yield "entries", found.head.sequence
    yield "head", f"{found.head.hash}@{found.head.sequence}"
    yield "heads noted", f"{noted}, of which {found.agreed} agree ({path})"
    for kind, count in found.proven.items():
        yield f"{kind} rows", f"{count} as entered"
    yield "broken", found.broken or "nothing: the ledger is what was written"


def _faults(found: Findings) -> Iterator[Fault]:
    for one in found.breaks:
        yield Fault(one.message, "no ledger entry" if one.entry is None else f"ledger entry {one.entry}", _REMEDY)
    if found.broken > len(found.breaks):
        yield Fault(f"{found.broken - len(found.breaks)} more do not fit either", "ledger", "begin with the first")


@contextmanager
def _progress(total: Callable[[], int]) -> Iterator[Callable[[], None]]:
    """A bar on stderr where that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("verify", total=total())
        yield lambda: progress.advance(task, PROGRESS)
