"""The commands by name, and the options that come before them.

Help and usage errors are plain lines: rich would fold an error into a box, in which neither a person nor `grep` finds the option or
the path that is wrong, and would read what stands in brackets as its markup.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from callguard import __version__
from callguard.cli.accesses import accesses
from callguard.cli.announcements import announcements
from callguard.cli.calls import calls
from callguard.cli.check import check
from callguard.cli.disclose import disclose
from callguard.cli.failing import reported
from callguard.cli.hold import hold
from callguard.cli.importing import importing
from callguard.cli.incident import incident
from callguard.cli.keys import keys
from callguard.cli.ledger import ledger
from callguard.cli.listen import listen
from callguard.cli.messages import messages
from callguard.cli.optout import optout
from callguard.cli.quarantine import quarantine
from callguard.cli.reconcile import reconcile
from callguard.cli.recordings import recordings
from callguard.cli.release import release
from callguard.cli.request import request
from callguard.cli.retag import retag
from callguard.cli.retention import retention
from callguard.cli.rights import person
from callguard.cli.run import run
from callguard.cli.seal import seal
from callguard.cli.show import show
from callguard.cli.status import status
from callguard.cli.streams import open_streams, require_text
from callguard.cli.sweep import sweep

app = typer.Typer(
    name="callguard",
    help="Recording consent, evidence and retention beside a live PBX.",
    epilog="Exit status: 0 done, 1 error, 2 usage or configuration, 3 done in part, 4 refused by a guard.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if asked:
        typer.echo(f"callguard {__version__}")
        raise typer.Exit


@app.callback()
def _before(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(envvar="CALLGUARD_CONFIG", metavar="FILE", readable=False, help="The configuration, in TOML.")
    ] = Path("/etc/callguard/callguard.toml"),
    *,
    _version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    context.obj = config


for command in (run, check, status, calls, show, recordings, sweep, retag, reconcile, seal, retention, listen, messages, accesses):
    app.command()(command)
app.add_typer(announcements)
app.add_typer(disclose)
app.add_typer(hold)
app.add_typer(importing)
app.add_typer(incident)
app.add_typer(keys)
app.add_typer(ledger)
app.add_typer(quarantine)
app.add_typer(optout)
app.add_typer(person)
app.add_typer(release)
app.add_typer(request)


def _summarise(group: typer.Typer) -> None:
    """Let a list of commands say the whole of each summary, which click cuts off at the end of the line otherwise."""
    for command in group.registered_commands:
        command.short_help = (command.callback.__doc__ or "").partition("\n\n")[0]
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            inner.short_help = inner.typer_instance.info.help
            _summarise(inner.typer_instance)


_summarise(app)


def run_named() -> int:
    """Run the command that the arguments name; the exit status."""
    logging.getLogger("callguard").addHandler(logging.NullHandler())  # what a command has to say it prints; only `run` keeps a log
    open_streams()
    return reported(_read_and_run)


def _read_and_run() -> None:
    require_text(sys.argv[1:])
    app()
