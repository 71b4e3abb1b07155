"""Puts the demo on a terminal, or as plain text into a file or a pipe: a heading for each part, below it a word and a sentence a line."""

from collections.abc import Iterable
from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.text import Text

from tests.demo.promises import Promise

WIDTH: Final = 100
LABEL: Final = 10


class Telling:
    """What is said, and which promises turn out not to have been kept."""

    def __init__(self) -> None:
        console = Console(highlight=False)
        self.console = Console(highlight=False, width=min(WIDTH, console.width))
        self.kept = 0
        self.broken: list[str] = []

    def part(self, title: str, beside: str = "") -> None:
        """A heading."""
        self.console.print(Text.assemble("\n", (title, "bold"), f"  {beside}" if beside else ""))

    def line(self, label: str, sentence: str) -> None:
        """A word and a sentence; the sentence folds below itself."""
        first, *rest = wrap(sentence, self.console.width - LABEL - 1, break_on_hyphens=False)
        self.console.print(Text.assemble((f"{label:<{LABEL}} ", "cyan"), first))
        for line in rest:
            self.console.print(Text(" " * (LABEL + 1) + line))

    def quote(self, printed: str) -> None:
        """What a command printed."""
        for line in printed.splitlines():
            self.line("", line)

    def judge(self, of: str, promises: Iterable[Promise]) -> None:
        """One line when all were kept, one for each that was not."""
        found = list(promises)
        broken = [sentence for sentence, kept in found if not kept]
        self.kept += len(found) - len(broken)
        self.broken += [f"{of}: {sentence}" for sentence in broken]
        for sentence in broken:
            self.console.print(Text(f"{'NOT KEPT':<{LABEL}} {sentence}", style="bold red"))
        if not broken:
            self.console.print(Text(f"{'kept':<{LABEL}} all {len(found)} promises", style="green"))

    def verdict(self) -> int:
        """The last line, and the exit status."""
        if self.broken:
            self.part(f"NOT as promised: {len(self.broken)} of {self.kept + len(self.broken)} promises")
            for sentence in self.broken:
                self.line("", sentence)
            return 1
        self.console.print(Text(f"\nEverything was as promised: {self.kept} promises, all kept.", style="bold green"))
        return 0
