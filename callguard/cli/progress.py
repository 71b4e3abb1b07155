"""How far a long command has come: a bar on a terminal, and nowhere else anything."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def bar(title: str, total: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """What is to be told how many more are done; ``total`` is only asked where there is a bar.

    It stands below the lines where stdout is a terminal, alone on stderr where only that is one. Lines printed meanwhile must be ended by a
    newline: rich moves the bar out of their way.
    """
    out = Console()
    bar_on = out if out.is_terminal else Console(stderr=True)
    if not bar_on.is_terminal:
        yield lambda _: None
        return
    with Progress(console=bar_on, transient=True) as progress:
        task = progress.add_task(title, total=total())
        yield lambda many: progress.advance(task, many)
