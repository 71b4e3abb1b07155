"""How a command ends that did not come about: on stderr what is wrong, where, and what to do; never a traceback.

An error of callguard's own tells all of its faults. What cannot be printed because the disk behind stdout is full, or the device gone, is
told as just that. Anything else is a defect: the terminal gets one line with its type, and the system log gets the type and the places
that it came through. Its message goes to neither, as it may quote what a caller sent.
"""

import errno
import os
import socket
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from callguard.errors import CallguardError, Fault

SYSTEM_LOG = Path("/dev/log")
"""Where journald, or whatever logs on this machine, listens."""

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF})

_USER_ERROR = 1 << 3 | 3
"""Facility `user`, severity `error`: RFC 5424, 6.2.1."""


def reported(command: Callable[[], object]) -> int:
    """Run the command and turn what it raises into words on stderr and an exit status.

    Usage errors and `typer.Exit` are typer's own affair: they end in SystemExit, which passes.
    """
    try:
        command()
    except CallguardError as error:
        complain(error.faults)
        return error.exit_status
    except OSError as failure:
        complain([_unwritable(failure) or _fault(failure)])
        return 1
    except Exception as defect:  # noqa: BLE001 - the last resort: no command ends with a traceback
        complain([_fault(defect)])
        return 1
    return 0


def complain(faults: Iterable[Fault]) -> None:
    """Each fault on stderr: place and message on one line, the remedy below it."""
    for fault in faults:
        head = f"{fault.place}: {fault.message}" if fault.place else fault.message
        typer.echo(f"callguard: {printable(head)}", err=True)
        if fault.remedy:
            typer.echo(f"    {printable(fault.remedy)}", err=True)


def printable(text: str) -> str:
    """One line without control characters, which could steer the terminal that shows it."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _unwritable(failure: OSError) -> Fault | None:
    if failure.errno not in _UNWRITABLE or failure.filename is not None:
        return None
    remedy = "make room, or send it elsewhere; what was done stays done"
    return Fault(f"cannot be written: {failure.strerror}", place="stdout", remedy=remedy)


def _fault(defect: Exception) -> Fault:
    kind, places = type(defect).__name__, _places(defect)
    if log_line(f"unexpected {kind} {places}"):
        return Fault(f"unexpected {kind}; the journal has it", remedy="see journalctl -t callguard, and report it as a defect of callguard")
    return Fault(f"unexpected {kind} {places}", remedy="report it as a defect of callguard")


def log_line(text: str) -> bool:
    """Whether the system log took it; it has no trace of what nobody listened to."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.connect(str(SYSTEM_LOG))
            log.send(f"<{_USER_ERROR}>callguard[{os.getpid()}]: {text}".encode())
    except OSError:
        return False
    return True


def _places(defect: Exception) -> str:
    """Where it was raised and through what it came, innermost first."""
    frames = reversed(traceback.extract_tb(defect.__traceback__))
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
