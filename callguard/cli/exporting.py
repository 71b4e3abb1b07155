"""`callguard person export`: all that is kept of a person, into a folder or a ZIP file that is theirs to take away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import require_role, signature
from callguard.cli.meant import person_meant
from callguard.cli.output import Json, print_fields, print_json
from callguard.cli.session import database, settings
from callguard.errors import UsageError
from callguard.lines import line

if TYPE_CHECKING:
    from callguard.config import Settings
    from callguard.rights.export import Order
    from callguard.rights.export_place import Place

Whose: TypeAlias = Annotated[str, typer.Argument(metavar="NUMBER", help="Their number, however it is written, or an extension.")]
To: TypeAlias = Annotated[Path, typer.Option("--to", metavar="DIR|FILE.zip", help="A new folder or ZIP file, or one that was cut off.")]
Why: TypeAlias = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is given out.")]
Who: TypeAlias = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who gives it out; left out, who is logged in.")]
Unmasked: TypeAlias = Annotated[bool, typer.Option("--unmasked", help="With the numbers and decisions of others.")]
Ground: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--lawful-ground", metavar="TEXT", help="Why recordings are given without every party's consent; whoever does it answers."
    ),
]


def export(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context,
    number: Whose,
    to: To,
    reason: Why,
    by: Who = None,
    lawful_ground: Ground = None,
    *,
    unmasked: Unmasked = False,
    as_json: Json = False,
) -> None:
    """Write out all that is kept of a person: for programs, as vCons, as sound, and as pages to read."""
    from callguard.premises import vault
    from callguard.rights.export import Export, Source

    chosen = settings(context)
    for option, given in (("--unmasked", unmasked), ("--lawful-ground", lawful_ground is not None)):
        if given:
            require_role(chosen, f"person export {option}")
    _require_outside(to, chosen.recordings.root)
    order = _order(chosen, number, reason, by, lawful_ground, masked=not unmasked)
    with database(chosen) as opened, _place(to) as place, _progress() as advance:
        head = Export(Source(opened, chosen.recordings.root, vault(chosen)), order, place).run(advance)
    document = {"to": str(to), "number": head["number"], "masked": head["masked"], **head["counts"]}
    if as_json:
        print_json(document)
    else:
        print_fields((document | {"masked": "yes" if head["masked"] else "no"}).items())


def _require_outside(to: Path, root: Path) -> None:
    if to.absolute().is_relative_to(root):
        raise UsageError("lies in the recordings root", place=str(to), remedy="name another place: callguard reconcile clears that one")


def _order(chosen: "Settings", number: str, reason: str, by: str | None, ground: str | None, *, masked: bool) -> "Order":
    from callguard.rights.export import Order

    return Order(
        person=person_meant(chosen, number),
        masked=masked,
        by=line(signature(chosen, by), "--by"),
        reason=line(reason, "--reason"),
        ground=None if ground is None else line(ground, "--lawful-ground"),
        language=chosen.announcements.language,
    )


def _place(to: Path) -> "Place":
    from callguard.rights.export_place import Folder
    from callguard.rights.export_zip import Archive

    return Archive(to) if to.suffix.lower() == ".zip" else Folder(to)


@contextmanager
def _progress() -> Iterator[Callable[[int], object]]:
    """A count on stderr where that is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("calls and messages", total=None)
        yield lambda count: progress.advance(task, count)
