"""Log lines: one JSON object or one console line each, to standard error, where the journal collects them.

Everything ends in one formatter, whoever logged it and by which library, and nothing reaches the stream that has not passed
:mod:`callguard.redaction`. Loggers below `callguard` say what they mean. Of all others only the logger, the level and the type of the
exception are written, at WARNING and above: panoramisk logs whole actions, the secret among them, SQLAlchemy logs parameters, asyncio
quotes what it was working on (`drivers.md`). The same holds for an error that nobody caught. Little is lost for debugging: an exception of
ours carries a message that was written to be seen, and every exception shows the places it went through.

A place in a trace is a file, a line and a function: never a source line, a local variable or an argument.
"""

import contextlib
import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType
from typing import TextIO

import structlog

from callguard.errors import CallguardError
from callguard.redaction import redact, redact_text

OURS = "callguard"

MOST_PLACES = 20
"""Places of a trace that are shown, the innermost ones."""


class _Stream(logging.StreamHandler[TextIO]):
    """Where the lines go. A line that cannot be made or written is missed in silence about its content: logging's own report quotes it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Say that a line of this logger is missing, if anything can be said at all: in a line of the same form, as whoever reads the log
        takes it apart.
        """
        with contextlib.suppress(OSError, ValueError):
            lost = logging.LogRecord(record.name, logging.ERROR, "", 0, "a log line could not be written", None, None)
            sys.stderr.write(f"{self.format(lost)}\n")


class _Formatter(logging.Formatter):
    """From a record to a line."""

    def __init__(self, render: Callable[[dict[str, object]], str]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        """The whole line, without the newline."""
        return self._render(_head(record) | (_own(record) if _is_ours(record) else _foreign(record)))


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Take over the logging of this process; again on reload. `level` is that of the settings, `form` is "json" or "console"."""
    handler = _Stream(stream or sys.stderr)
    handler.setFormatter(_Formatter(_json if form == "json" else _console(colours=handler.stream.isatty())))
    handler.addFilter(lambda record: _is_ours(record) or record.levelno >= logging.WARNING)
    root = logging.getLogger()
    root.handlers[:] = [*(other for other in root.handlers if not isinstance(other, _Stream)), handler]
    logging.captureWarnings(capture=True)
    logging.getLogger(OURS).setLevel(level.upper())
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def report_uncaught() -> None:
    """Make log lines of the errors that nobody caught, in any thread, in place of Python's own reports, which quote messages."""

    def uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        logging.getLogger(OURS).critical("an error was not caught", exc_info=(kind, error or kind(), trace))

    sys.excepthook = uncaught
    sys.unraisablehook = lambda found: uncaught(found.exc_type, found.exc_value, found.exc_traceback)
    threading.excepthook = lambda found: uncaught(found.exc_type, found.exc_value, found.exc_traceback)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name == OURS or record.name.startswith(f"{OURS}.")


def _head(record: logging.LogRecord) -> dict[str, object]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"timestamp": at, "level": record.levelname.lower(), "logger": redact_text(record.name)}


def _own(record: logging.LogRecord) -> dict[str, object]:
    """Structlog hands its fields over as the message; our modules below structlog's reach use plain logging."""
    fields = record.msg if isinstance(record.msg, Mapping) else {"event": record.getMessage()}
    error = _exception(fields.get("exc_info") or record.exc_info)
    shown = {redact_text(str(key)): redact(value, str(key)) for key, value in fields.items() if key != "exc_info"}
    return shown if error is None else shown | _told(error)


def _foreign(record: logging.LogRecord) -> dict[str, object]:
    error = _exception(record.exc_info)
    return {"event": "withheld"} if error is None else {"event": "withheld", "error": type(error).__name__}


def _exception(exc_info: object) -> BaseException | None:
    """From any of the forms in which loggers take one: the exception, a triple, or True for the one being handled."""
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    elif exc_info is True:
        exc_info = sys.exception()
    return exc_info if isinstance(exc_info, BaseException) else None


def _told(error: BaseException) -> dict[str, object]:
    told: dict[str, object] = {"error": type(error).__name__, "trace": _places(error.__traceback__)}
    if isinstance(error, CallguardError):
        told["reason"] = redact_text(str(error))
    cause = error.__cause__ or error.__context__
    return told if cause is None else told | {"cause": type(cause).__name__, "cause_trace": _places(cause.__traceback__)}


def _places(trace: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in walk_tb(trace)]
    return [f"{'/'.join(PurePath(code.co_filename).parts[-2:])}:{line} {code.co_qualname}" for code, line in frames[-MOST_PLACES:]]


def _json(line: dict[str, object]) -> str:
    return json.dumps(line)


def _console(*, colours: bool) -> Callable[[dict[str, object]], str]:
    renderer = structlog.dev.ConsoleRenderer(colors=colours)
    return lambda line: str(renderer(None, "", line))
