"""`callguard show`: all of one call, as it went and as it is proven."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.output import Json, print_json
from callguard.cli.session import database, settings
from callguard.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from callguard.store.showing import ShownCall

Wanted: TypeAlias = Annotated[str, typer.Argument(metavar="CALL", help="The id of a call or its beginning, or the PBX's linkedid.")]


def show(context: typer.Context, call: Wanted, *, as_json: Json = False) -> None:
    """The timeline of one call and the evidence of every decision in it."""
    from callguard.cli.showing import print_call

    with database(settings(context)) as opened, opened.read() as connection:
        found = _found(connection, call)
    if as_json:
        print_json(asdict(found))
    else:
        print_call(found)


def the_call(connection: "Connection", name: str) -> str:
    """The id of the one call that is meant.

    Raises :class:`UsageError` when there is none, and when there are several.
    """
    from callguard.store.search import find_calls

    meant = find_calls(connection, name)
    if len(meant) > 1:
        raise UsageError(f"{len(meant)} calls are called so", place=name, remedy=f"write more of it: {', '.join(meant)}")
    if not meant:
        raise _unknown(name)
    return meant[0]


def _found(connection: "Connection", name: str) -> "ShownCall":
    from callguard.store.showing import show_call

    shown = show_call(connection, the_call(connection, name))
    if shown is None:
        raise _unknown(name)
    return shown


def _unknown(name: str) -> UsageError:
    return UsageError("no call is called so", place=name, remedy="callguard calls lists them")
