"""`callguard announcements`: what people hear, in all its versions."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from callguard.cli.output import Json
from callguard.cli.session import database, settings

announcements = typer.Typer(
    name="announcements", help="What people hear: build it, put it where the PBX looks, prove it.", no_args_is_help=True
)

Version: TypeAlias = Annotated[str, typer.Argument(metavar="VERSION", help="The version that a consent names, or its beginning.")]
Folder: TypeAlias = Annotated[Path, typer.Option("--to", metavar="DIR", help="Where to write; made if it is not there.")]


@announcements.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """All versions that were built here: those in use, then the earlier ones."""
    from callguard.cli.announcing import all_versions

    all_versions(settings(context)).put(as_json=as_json)


@announcements.command()
def build(context: typer.Context, *, as_json: Json = False) -> None:
    """Make every announcement whose text, keys, company or voice has changed."""
    from callguard.cli.announcing import build_all

    build_all(settings(context)).put(as_json=as_json)


@announcements.command()
def install(context: typer.Context, *, as_json: Json = False) -> None:
    """Put those in use where the PBX looks for sounds."""
    from callguard.cli.announcing import install_all

    install_all(settings(context)).put(as_json=as_json)


@announcements.command()
def export(context: typer.Context, version: Version, to: Folder, *, as_json: Json = False) -> None:
    """Write text and audio of an archived version, as somebody heard it: from the database, whatever became of the files."""
    from callguard.cli.announcing import export_one

    with database(settings(context)) as opened, opened.read() as connection:
        export_one(connection, version, to).put(as_json=as_json)
