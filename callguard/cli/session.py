"""What most commands begin with: the settings of `--config`, and the database that they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from callguard.config import Settings
    from callguard.store.database import Database


def settings_path(context: typer.Context) -> Path:
    """The file that `--config` names."""
    path: Path = context.find_root().obj
    return path


def settings(context: typer.Context) -> "Settings":
    """The configuration, read anew, for who may run the command.

    Raises :class:`callguard.errors.ConfigError`, and :class:`callguard.errors.GuardRefusal` for who may not.
    """
    from callguard.cli.gate import command_name, require_kept, require_role
    from callguard.config import load_settings

    chosen = load_settings(settings_path(context))
    require_kept(chosen, settings_path(context))
    require_role(chosen, command_name(context))
    return chosen


@contextmanager
def database(chosen: "Settings") -> Iterator["Database"]:
    """The open database, of this version's schema. Raises :class:`callguard.errors.StoreError`."""
    from callguard.store.database import open_database
    from callguard.store.schema import check_schema

    opened = open_database(chosen.store.url)
    try:
        check_schema(opened)
        yield opened
    finally:
        opened.close()
