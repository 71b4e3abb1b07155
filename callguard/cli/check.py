"""`callguard check`: a line for each thing that must be true, as soon as it is known, with what to do where it is not.

A configuration that cannot be used ends it with status 2, as it ends every command; with `--json` its faults are in the document as well.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.checks.report import Check, Outcome
from callguard.cli.output import Json, plain, print_json
from callguard.cli.session import settings, settings_path
from callguard.errors import ConfigError

if TYPE_CHECKING:
    from callguard.config import Settings

ConfigOnly: TypeAlias = Annotated[bool, typer.Option("--config-only", help="Only read the configuration: for ExecStartPre.")]

_COLOURS = {Outcome.OK: "green", Outcome.WARNING: "yellow", Outcome.FAILED: "red", Outcome.NOT_CHECKED: "cyan"}


def check(context: typer.Context, *, config_only: ConfigOnly = False, as_json: Json = False) -> None:
    """Everything that must be true before the daemon runs and while it does, a line each, with the remedy."""
    try:
        chosen = settings(context)
    except ConfigError as error:
        if as_json:
            _put([Check("configuration", one.place, Outcome.FAILED, one.message, one.remedy) for one in error.faults])
        raise
    read = Check("configuration", str(settings_path(context)), Outcome.OK, "read, and without fault")
    checks = iter([read]) if config_only else _all(read, chosen)
    found = list(checks if as_json else map(_printed, checks))
    if as_json:
        _put(found)
    raise typer.Exit(0 if _ok(found) else 1)


def _ok(found: Sequence[Check]) -> bool:
    return all(one.outcome is not Outcome.FAILED for one in found)


def _put(found: Sequence[Check]) -> None:
    print_json({"ok": _ok(found), "checks": [_document(one) for one in found]})


def _all(read: Check, chosen: "Settings") -> Iterator[Check]:
    from callguard.checks.survey import survey

    yield read
    yield from survey(chosen)


def _document(one: Check) -> dict[str, object]:
    return {"check": one.name, "place": one.place, "outcome": one.outcome, "message": one.message, "remedy": one.remedy or None}


def _printed(one: Check) -> Check:
    remedy = f" → {one.remedy}" if one.remedy else ""
    outcome = typer.style(f"{one.outcome:<11}", fg=_COLOURS[one.outcome])
    typer.echo(f"{outcome}  {plain(f'{one.name} ({one.place}): {one.message}{remedy}')}")
    return one
