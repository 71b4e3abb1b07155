"""`callguard check`: a line for each thing that must be true, with what to do where it is not."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.output import Json, console, print_json, text
from callguard.cli.session import settings, settings_path

if TYPE_CHECKING:
    from callguard.checks import Check

ConfigOnly: TypeAlias = Annotated[bool, typer.Option("--config-only", help="Only read the configuration: for ExecStartPre.")]

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "not checked": "dim"}


def check(context: typer.Context, *, config_only: ConfigOnly = False, as_json: Json = False) -> None:
    """Everything that must be true before the daemon runs and while it does, a line each, with the remedy."""
    from callguard.checks import Check, Outcome, survey

    chosen = settings(context)
    found = [Check("configuration", str(settings_path(context)), Outcome.OK, "read, and without fault")]
    if not as_json:
        _print(found[0])
    for one in () if config_only else survey(chosen):
        found.append(one)
        if not as_json:
            _print(one)
    failed = any(one.outcome is Outcome.FAILED for one in found)
    if as_json:
        print_json({"ok": not failed, "checks": [_document(one) for one in found]})
    raise typer.Exit(1 if failed else 0)


def _document(one: "Check") -> dict[str, object]:
    return {"check": one.name, "place": one.place, "outcome": one.outcome, "message": one.message, "remedy": one.remedy or None}


def _print(one: "Check") -> None:
    remedy = f" → {one.remedy}" if one.remedy else ""
    line = text(f"{one.outcome:<11}  {one.name} ({one.place}): {one.message}{remedy}")
    line.stylize(_STYLES[one.outcome], 0, len(one.outcome))
    console().print(line, soft_wrap=True)
