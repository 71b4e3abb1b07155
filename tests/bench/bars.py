"""What a bench part says: a figure, the bar it is held against, and how it was taken; all of them as one table or one document."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table

NOT_TERMINAL = 120


@dataclass(frozen=True, slots=True)
class Bar:
    """`figure` has to be `sense` than `bar`, both in `unit` (empty for a ratio); `beside` tells the circumstances."""

    name: str
    figure: float
    sense: Literal["≤", "≥"]
    bar: float
    unit: str = ""
    beside: str = ""

    @property
    def met(self) -> bool:
        return self.figure <= self.bar if self.sense == "≤" else self.figure >= self.bar


@dataclass(frozen=True, slots=True)
class NotRun:
    """What was not measured, and why."""

    name: str
    not_run: str


def table(bars: Sequence[Bar | NotRun]) -> None:
    """Print one line for each bar."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=NOT_TERMINAL)
    shown = Table("what", "figure", "bar", "met", "how it was taken", box=None, pad_edge=False, header_style="bold")
    shown.columns[1].justify = "right"
    for one in bars:
        shown.add_row(*_row(one))
    console.print(shown)


def _row(one: Bar | NotRun) -> tuple[str, str, str, str, str]:
    if isinstance(one, NotRun):
        return one.name, "", "", "", f"not run: {one.not_run}"
    met = "[green]yes[/]" if one.met else "[bold red]NO[/]"
    return one.name, _written(one.figure, one.unit), f"{one.sense} {_written(one.bar, one.unit)}", met, one.beside


def _written(figure: float, unit: str) -> str:
    return f"{figure:.3g} {unit}".strip()
