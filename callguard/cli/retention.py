"""`callguard retention`: the rules in force, and what they keep without a known end."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from callguard.cli.output import Cell, Json, heading, print_json, print_table
from callguard.cli.session import database, settings

if TYPE_CHECKING:
    from callguard.config import Settings

RULES = ("kind", "policy", "kept for", "floor", "ceiling")
WITHOUT_END = ("number", "records", "since", "rule")


def retention(context: typer.Context, *, as_json: Json = False) -> None:
    """The rules in force, and by number what is kept because no end of a contract is known."""
    from callguard.store.contract_rows import unending
    from callguard.store.record_rows import count_undated

    chosen = settings(context)
    rules = list(_rules(chosen))
    with database(chosen) as opened, opened.read() as connection:
        kept, undated = list(unending(connection)), count_undated(connection)
    if as_json:
        names = ("kind", "policy", "term", "floor", "ceiling")
        told = [dict(zip(names, rule, strict=True)) for rule in rules]
        print_json({"rules": told, "without_end": [asdict(one) for one in kept], "undated": undated})
        return
    print_table(RULES, rules, none="no rules")
    heading("kept without a known end")
    print_table(WITHOUT_END, ((one.number, one.records, one.since, one.rule) for one in kept), none="nothing")
    if undated:
        typer.echo(f"\n{undated} records are dated at the next sweep")


def _rules(chosen: "Settings") -> "Iterator[tuple[Cell, ...]]":
    from callguard.retention.terms import Anchor, Kind, Term

    rules = chosen.rules()
    for name, policy in rules.policies.items():
        yield from _rule(chosen, Kind.RECORDING, name, Term(policy.recording, Anchor.CALL_START))
        for kind, term in policy.own.items():
            yield from _rule(chosen, kind, name, term)
        if policy.billing:
            bounds = chosen.retention.billing.bounds()
            yield "billing evidence", name, str(rules.billing), str(bounds.floor), str(bounds.ceiling)
    for kind, term in rules.terms.items():
        yield from _rule(chosen, kind, None, term)


def _rule(chosen: "Settings", kind: str, policy: str | None, term: object) -> "Iterator[tuple[Cell, ...]]":
    from callguard.retention.terms import Kind

    bounds = chosen.retention.bounds()[Kind(kind)]
    yield str(kind), policy, str(term), str(bounds.floor), str(bounds.ceiling)
