"""`callguard run`.

Calls pass unrecorded until the daemon is back, and one that died in mid-call must be back within three seconds (README.md, *The safety
net*), also on a machine that is busy. So what it does not need before its first login is not loaded by then.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

import typer

from callguard.cli.session import settings, settings_path


def run(context: typer.Context) -> None:
    """The daemon, in the foreground, until it is told to stop."""
    with _loading_lightly():
        from callguard import daemon

    raise typer.Exit(daemon.run(settings_path(context), settings(context)))


@contextmanager
def _loading_lightly() -> Iterator[None]:
    """Have the loading of modules take a seventh less.

    What a module makes while it is loaded stays, so the collector finds nothing in it; it is let in again when the daemon serves. And
    structlog loads rich, for coloured traces that callguard never writes; ``None`` says that there is none (reference manual, 5.3.1).
    """
    gc.disable()
    hidden = {} if "rich" in sys.modules else {"rich": cast("ModuleType", None)}
    sys.modules.update(hidden)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
