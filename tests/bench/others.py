"""The bars that have a bench of their own: AMI and ESL intake, sweep, reconcile, search, ledger. Each is run as it stands."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import ami_intake, esl_intake, ledger_speed, reconcile_speed, store_search, sweep_speed
from tests.bench.bars import Bar
from tests.bench.intake import RUNS, server_elsewhere
from tests.bench.store_speed import opened

CALLS = 1_000_000


def intake() -> Iterator[Bar]:
    """The whole stream, every class, as the issue asks."""
    with server_elsewhere(ami_intake.serve) as port:
        found = ami_intake.compare(port, "every_class")
    beside = f"{found['ours_per_s']:,.0f} ÷ {found['bare_per_s']:,.0f} events a second, median of {RUNS}"
    yield Bar("AMI intake ÷ bare asyncio splitter", found["ratio"], "≥", 0.6, "", beside)
    with server_elsewhere(esl_intake.serve) as port:
        found = esl_intake.compare(port, "every_event")
    beside = f"{found['ours_per_s']:,.0f} ÷ {found['bare_framed_per_s']:,.0f} events a second, median of {RUNS}"
    yield Bar("ESL intake ÷ bare asyncio splitter", found["ratio_framed"], "≥", 0.6, "", beside)


def sweep() -> Iterator[Bar]:
    """An empty one over a million recordings, and a full one beside `find -delete`."""
    with sweep_speed.on_disk() as place:
        sweep_speed.fill(place)
        found = sweep_speed.empty_sweep(place)
    yield Bar("empty sweep over 1,000,000 recordings", found["empty_ms"], "≤", 5.0, "ms", f"median of {sweep_speed.RUNS}")
    for form, found in (("plain", sweep_speed.plain()), ("sealed", sweep_speed.sealed())):
        beside = f"{found['delete_us']:.0f} ÷ {found['find_us']:.0f} µs a file, {found['recordings']:,} files on the disk"
        if form == "sealed":
            beside += f"; ÷ {found['find_us'] + found['find_keys_us']:.0f} with their keys' files: {found['ratio_with_keys']:.1f}"
        yield Bar(f"deleting {form} ones with proof ÷ find -delete", found["ratio"], "≤", 3.0, "", beside)
    commits = sweep_speed.commits()
    told = ", ".join(f"{name} {times['median']:.1f} / {times['slowest']:.0f} ms" for name, times in commits.items())
    yield Bar(
        "another's commit beside a typed sweep, slowest", commits["beside_typed"]["slowest"], "≤", 250.0, "ms", f"median / slowest: {told}"
    )


def reconcile() -> Iterator[Bar]:
    """A dry run over a million rows; a file for each takes longer to make than all other parts together, so there are fewer."""
    found = reconcile_speed.figures()
    files = f"{found['rows']:,.0f} rows and {found['files']:,.0f} files in {found['seconds']:.0f} s, peak {found['peak_mb']:.0f} MB"
    yield Bar("memory added by a reconciliation of 1,000,000 rows", found["added_mb"], "≤", 10.0, "MB", files)


def search() -> Iterator[Bar]:
    """Everything about one person."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as database:
        store_search.fill(database, CALLS)
        found = store_search.figures(database)
    yield Bar("calls of one number among 1,000,000", found["person_ms"], "≤", 50.0, "ms", "median of nine")
    yield Bar("all about one number among 1,000,000 calls", found["find_ms"], "≤", 50.0, "ms", "median of nine")
    yield Bar("the same of who redirected calls", found["redirecting_ms"], "≤", 50.0, "ms", "200,000 of them were redirected")


def ledger() -> Iterator[Bar]:
    """All of it checked, and what it adds to a turn."""
    with ledger_speed.opened() as database:
        found = ledger_speed.figures_of(database, ledger_speed.ENTRIES)
    beside = f"each with its row; CPU {found['verify_cpu_s']:.1f} s, without the rows {found['links_s']:.1f} s"
    yield Bar("ledger verify, 1,000,000 entries", found["verify_s"], "≤", 20.0, "s", beside)
    yield Bar(
        "a decision's entry, daemon CPU", found["append_cpu_us"], "≤", 150.0, "µs", f"median of {ledger_speed.TURNS} turns with and without"
    )
