"""`callguard import`: what other programs know, whole or not at all, and what they recorded, file by file."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.output import Json, print_fields, print_json
from callguard.cli.session import database, settings
from callguard.cli.sweep import DryRun
from callguard.clock import utc_now
from callguard.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from callguard.adoption.finding import Intake
    from callguard.call.policy import Policy
    from callguard.config import Settings

importing = typer.Typer(name="import", help="Take over what other programs know, and what they recorded.", no_args_is_help=True)

List: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV in UTF-8 that begins with the line number,end.")]
Folder: TypeAlias = Annotated[Path, typer.Argument(metavar="DIR", help="Where the PBX put its recordings.")]
PolicyName: TypeAlias = Annotated[
    str | None, typer.Option("--policy", metavar="NAME", help="Keep all of them by this policy, and not each by the one that speaks of it.")
]
PbxName: TypeAlias = Annotated[
    str | None, typer.Option("--pbx", metavar="NAME", help="The PBX that recorded them, also one that is gone. The one that is configured.")
]
Zone: TypeAlias = Annotated[
    str | None, typer.Option("--zone", metavar="ZONE", help="That of the PBX's clock, as in Europe/Bucharest. retention.time_zone.")
]
Cdr: TypeAlias = Annotated[
    Path | None, typer.Option("--cdr", metavar="FILE.csv", help="Its CDR: Master.csv, or the export of FreePBX or FusionPBX.")
]
ByMtime: TypeAlias = Annotated[
    bool, typer.Option("--by-mtime", help="Where nothing else tells when a call began, believe the time of the file; the row says so.")
]
Move: TypeAlias = Annotated[
    bool, typer.Option("--move", help="Remove each original once its copy is stored. Without it originals stay, where no sweep reaches.")
]


@importing.command()
def contracts(context: typer.Context, file: List, *, as_json: Json = False) -> None:
    """Take over the ends of contracts by number; records of calls and messages are kept from then on by the rules.

    An end is the last day, as in 2026-01-31, or the word running. A faulty line refuses the whole file.
    """
    from dataclasses import asdict

    from callguard import numbers
    from callguard.evidence import retention_entries
    from callguard.retention.contracts import read_contracts
    from callguard.store.contract_rows import import_contracts
    from callguard.store.ledger_rows import append

    chosen = settings(context)
    read = read_contracts(file, partial(numbers.parse, region=chosen.numbers.default_region))
    with database(chosen) as opened, opened.write() as connection:
        done = import_contracts(connection, read.ends, utc_now())
        append(connection, [retention_entries.contracts(read.sha256, done.new, done.changed)])
    if as_json:
        print_json(asdict(done))
    else:
        print_fields([("new", done.new), ("changed", done.changed), ("unchanged", done.unchanged), ("records dated anew", done.records)])


@importing.command("recordings")
def recordings_(  # noqa: PLR0913 - each is an option of its own
    context: typer.Context,
    folder: Folder,
    policy: PolicyName = None,
    pbx: PbxName = None,
    zone: Zone = None,
    cdr: Cdr = None,
    *,
    by_mtime: ByMtime = False,
    move: Move = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Adopt what a PBX recorded before callguard: with a call, a hash and an expiry, and without any consent.

    FreePBX, FusionPBX and plain MixMonitor names are known. Each file is told with what became of it and why; what is left has to be
    looked into.
    """
    from callguard.adoption.carrying import Home
    from callguard.adoption.importing import Import
    from callguard.adoption.walking import require_outside
    from callguard.cli.adopting import Telling
    from callguard.cli.report import report
    from callguard.cli.sweeping import stoppable
    from callguard.premises import vault

    chosen = settings(context)
    where = chosen.recordings
    found = require_outside(folder, where.root)
    intake = _intake(chosen, policy, _pbx(chosen, pbx), _zone(chosen, zone), cdr, by_mtime=by_mtime)
    with database(chosen) as opened, stoppable() as stopped:
        home = Home(opened, where.root, vault(chosen) if where.storage == "sealed" else None, where.min_free)
        telling = Telling(Import(found, intake, home, moving=move), report(as_json=as_json))
        telling.preview() if dry_run else telling.execute(stopped)


def _intake(chosen: "Settings", policy: str | None, pbx: str, zone: "tzinfo", cdr: Path | None, *, by_mtime: bool) -> "Intake":
    from callguard import numbers
    from callguard.adoption.call_list import NO_LIST, read_call_list
    from callguard.adoption.finding import Intake
    from callguard.config import BUILT_IN

    policies = [one.with_prompts(name, None) for name, one in (chosen.policy or BUILT_IN).items()]
    return Intake(
        pbx=pbx,
        zone=zone,
        calls=NO_LIST if cdr is None else read_call_list(cdr, zone),
        policies=policies,
        chosen=None if policy is None else _policy(policies, policy),
        parse=partial(numbers.parse, region=chosen.numbers.default_region),
        by_mtime=by_mtime,
        now=utc_now(),
    )


def _policy(policies: "Sequence[Policy]", name: str) -> "Policy":
    for one in policies:
        if one.name == name:
            return one
    raise UsageError("there is no such policy", place=name, remedy=f"write one of {', '.join(one.name for one in policies)}")


def _pbx(chosen: "Settings", name: str | None) -> str:
    """Ids of calls are one PBX's own, so it must be known whose they are."""
    if name is None and len(chosen.pbx) == 1:
        return chosen.pbx[0].name
    if name is None or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise UsageError(
            "is not said", place="--pbx", remedy=f"write --pbx {chosen.pbx[0].name}, or a name for one that is gone, as in old-pbx"
        )
    return name


def _zone(chosen: "Settings", name: str | None) -> "tzinfo":
    from zoneinfo import ZoneInfo

    if name is None:
        return chosen.retention.time_zone
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UsageError("is no time zone of this machine", place=name, remedy="write it as in Europe/Bucharest or UTC") from None
