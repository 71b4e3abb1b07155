"""From a path to settings, or to one error that holds every fault of the file.

TOML is read before anything is checked, so a syntax error stands alone, with its line; all other faults come together. A fault's place is
the file and the key path; an entry of an array goes by its `name`, where it has one, as the administrator knows it by that.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from callguard.config.model import Settings
from callguard.config.values import shown
from callguard.errors import ConfigError, Fault

_AT_LINE = re.compile(r" \(at line (?P<line>\d+), column \d+\)$")
_NAME_OF_A_KEY = "[key]"
"""What pydantic puts behind the path of a table whose name itself is wrong."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def load_settings(path: Path) -> Settings:
    """Read the file at `path`. Raises ConfigError with all faults that can be told at once; reads no secret."""
    written = _read(path)
    try:
        return Settings.model_validate(written)
    except ValidationError as caught:
        faults = [_fault(path, written, error["loc"], error["ctx"]) for error in caught.errors(include_url=False, include_input=False)]
        raise ConfigError(f"{len(faults)} faults", place=str(path), faults=faults) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as failed:
        remedy = "name the file with --config or $CALLGUARD_CONFIG, and let this user read it"
        raise ConfigError(f"cannot be read: {failed.strerror}", place=str(path), remedy=remedy) from failed
    except UnicodeDecodeError as failed:
        line = failed.object.count(b"\n", 0, failed.start) + 1
        raise ConfigError("is not UTF-8 text", place=f"{path}:{line}", remedy="save the file as UTF-8") from failed
    except tomllib.TOMLDecodeError as failed:
        raise _syntax(path, str(failed)) from None


def _syntax(path: Path, told: str) -> ConfigError:
    found = _AT_LINE.search(told)
    place = f"{path}:{found['line']}" if found else str(path)
    message = _AT_LINE.sub("", told)
    return ConfigError(f"is no TOML: {message}", place=place, remedy="write text in quotes, lists in brackets, and tables as [name]")


def _fault(path: Path, written: dict[str, Any], loc: tuple[str | int, ...], told: dict[str, str]) -> Fault:
    return Fault(told["message"], f"{path}: {_key_path(written, loc)}", told["remedy"])


def _key_path(written: object, loc: tuple[str | int, ...]) -> str:
    """`policy.sales.retention`, `pbx.main.port`, `pbx[1].port` for one without a usable name."""
    path = ""
    for step in loc[:-1] if loc[-1:] == (_NAME_OF_A_KEY,) else loc:
        written = _inner(written, step)
        path += _step(step, written)
    return path.removeprefix(".")


def _inner(written: object, step: str | int) -> object:
    if isinstance(written, dict):
        return written.get(step)
    return written[step] if isinstance(written, list) and isinstance(step, int) else None


def _step(step: str | int, inner: object) -> str:
    name = inner.get("name") if isinstance(inner, dict) and isinstance(step, int) else step
    if isinstance(name, str):
        return f".{name}" if _BARE.fullmatch(name) else f".{shown(name)}"
    return f"[{step}]"
