"""Seven months later: what `callguard sweep` would do, what it does, and what is left."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callguard.call.period import add_months
from callguard.clock import utc_now
from tests.demo.promises import Promise
from tests.demo.stage import command, recording_files
from tests.rig.site import Site


@dataclass(frozen=True, slots=True)
class Sweep:
    """What the commands printed, the files before and after, and the proofs: recording, SHA-256, reason."""

    as_of: str
    today: str
    preview: str
    files_of_preview: list[Path]
    files_before: list[Path]
    printed: str
    files_after: list[Path]
    statuses: list[str]
    proofs: list[tuple[str, str, str]]


def sweep(site: Site) -> Sweep:
    """Preview today, preview in seven months, and then sweep as of that day."""
    before = recording_files(site)
    as_of = f"{add_months(utc_now(), 7):%Y-%m-%dT%H:%MZ}"
    today = command(site.config, "sweep", "--dry-run")
    preview = command(site.config, "sweep", "--dry-run", "--as-of", as_of)
    after_preview = recording_files(site)
    printed = command(site.config, "sweep", "--as-of", as_of)
    statuses = [one["status"] for one in site.json("recordings")]
    return Sweep(as_of, today, preview, after_preview, before, printed, recording_files(site), statuses, proofs(site))


def proofs(site: Site) -> list[tuple[str, str, str]]:
    """The rows that stay behind."""
    with closing(sqlite3.connect(f"file:{site.database}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT recording_id, sha256, reason || '; ' || file FROM deletions ORDER BY id").fetchall()


def promises(swept: Sweep, calls: list[dict[str, Any]]) -> Iterator[Promise]:
    """Of the sweep; `calls` is what was told before it."""
    recordings = {one["id"]: one["sha256"] for call in calls for one in call["recordings"]}
    yield "nothing is due today", " 0 due" in swept.today
    yield "no file exists that no row knows", len(swept.files_before) == len(recordings)
    yield "the preview deletes nothing", swept.files_of_preview == swept.files_before
    yield "the sweep does what the preview said", _verdicts(swept.preview) == _verdicts(swept.printed)
    yield "all recordings are gone from the disk", not swept.files_after
    yield "a row says of each that it is deleted", swept.statuses == ["deleted"] * len(recordings)
    yield "a proof of each deletion stays, with its SHA-256", {name: sha256 for name, sha256, _ in swept.proofs} == recordings


def _verdicts(printed: str) -> list[str]:
    """All lines but the last, which tells the totals."""
    return printed.splitlines()[:-1]


def left(swept: Sweep) -> Iterator[tuple[str, str]]:
    """What is on the disk and in the database afterwards."""
    yield "files", f"{len(swept.files_before)} before, {len(swept.files_after)} now"
    for recording, sha256, reason in swept.proofs:
        yield "proof", f"{recording}, SHA-256 {sha256[:16]}…: {reason}"
