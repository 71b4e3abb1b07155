"""`callguard reconcile`."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.output import Json
from callguard.cli.session import database, settings
from callguard.clock import utc_now

if TYPE_CHECKING:
    from callguard.config import Settings
    from callguard.retention.reconcile import Reconciliation
    from callguard.store.database import Database

Fix: TypeAlias = Annotated[bool, typer.Option("--fix", help="Do what is safe; the rest goes to quarantine, or is left for a person.")]
Hashes: TypeAlias = Annotated[bool, typer.Option("--hashes", help="Read every recording, and compare its hash with its row.")]
Despite: TypeAlias = Annotated[
    bool,
    typer.Option("--fix-even-though-guards-object", help="Fix although a guard says that it is too much at once. The ledger tells."),
]


def reconcile(context: typer.Context, *, fix: Fix = False, hashes: Hashes = False, despite: Despite = False, as_json: Json = False) -> None:
    """Compare rows and files in both directions, and say of each difference what becomes of it and why; --fix does it."""
    from callguard.cli.reconciling import Telling
    from callguard.cli.report import report
    from callguard.cli.sweeping import stoppable

    chosen = settings(context)
    with database(chosen) as opened, stoppable() as stopped:
        telling = Telling(_reconciliation(chosen, opened, thorough=hashes), report("differences", as_json=as_json), stopped)
        if fix or despite:
            telling.execute(heedless=despite)
        else:
            telling.preview()


def _reconciliation(chosen: "Settings", opened: "Database", *, thorough: bool) -> "Reconciliation":
    from callguard.evidence.keys import KeyStore
    from callguard.premises import vault
    from callguard.retention.comparing import compare
    from callguard.retention.reconcile import Reconciliation

    kept = chosen.recordings
    comparison = compare(opened, kept.root, KeyStore(kept.keys), vault(chosen), utc_now(), thorough=thorough)
    return Reconciliation(comparison, kept.quarantine, chosen.sweep.largest_share)
