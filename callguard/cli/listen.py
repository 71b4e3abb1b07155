"""`callguard listen`: a recording's sound, to a pipe or into a private file; who listens and why is entered in the ledger."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.session import database, settings
from callguard.errors import FileFault, UsageError
from callguard.private_file import new_private_file

Wanted: TypeAlias = Annotated[str, typer.Argument(metavar="RECORDING", help="The id of the recording.")]
Why: TypeAlias = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is listened to.")]
Who: TypeAlias = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who listens; left out, who is logged in.")]
Into: TypeAlias = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="A new file for you alone, instead of stdout.")]


def listen(context: typer.Context, recording: Wanted, reason: Why, by: Who = None, output: Into = None) -> None:
    """Give the sound of a recording, as in: callguard listen ID --reason "complaint 12" | aplay."""
    from callguard.evidence.listening import listen as give
    from callguard.premises import vault

    if output is None and sys.stdout.isatty():
        raise UsageError("sound is nothing for a terminal", place="stdout", remedy="write | aplay behind it, or --output FILE")
    chosen = settings(context)
    with database(chosen) as opened:
        sound = give(opened, chosen.recordings.root, vault(chosen), recording, by=signature(chosen, by), reason=reason)
        if output is None:
            _pour(sound, sys.stdout.fileno())
        else:
            with new_private_file(output) as descriptor:
                _keep(sound, descriptor, output)


def _keep(sound: Iterable[bytes], into: int, output: Path) -> None:
    try:
        _pour(sound, into)
    except OSError as failure:
        raise FileFault(f"cannot be written: {failure.strerror}", place=str(output), remedy="make room, or name another place") from failure


def _pour(sound: Iterable[bytes], into: int) -> None:
    """All of it. A reader that has heard enough, and goes, is no fault."""
    try:
        with os.fdopen(into, "wb", closefd=False) as file:
            file.writelines(sound)
    except BrokenPipeError:
        return
