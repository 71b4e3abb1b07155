"""Faults between tables, found in the file as written.

They are looked for even when single values are wrong, so that one reading tells everything; a value of a wrong type is passed over here,
as the check of its own field complains of it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from callguard.config.section import Flaw, Table


def named(written: object) -> dict[str, Table]:
    """The tables of a table, by name."""
    return {name: table for name, table in written.items() if isinstance(table, Mapping)} if isinstance(written, Mapping) else {}


def repeated(array: str, written: object) -> Iterator[Flaw]:
    """Entries of an array of tables whose name an earlier one has."""
    seen: list[object] = []
    for index, table in enumerate(written if isinstance(written, list) else ()):
        name = table.get("name") if isinstance(table, Mapping) else None
        if name is not None and name in seen:
            yield Flaw((array, index, "name"), "is the name of an earlier one too", "give each a name of its own")
        seen.append(name)


def unreachable(policies: Mapping[str, Table]) -> Iterator[Flaw]:
    """Policies that stand below one that already fits every call of their direction."""
    catching: dict[str, str] = {}
    for name, policy in policies.items():
        direction = str(policy.get("direction"))
        above = catching.get(direction)
        if above is not None:
            yield Flaw(("policy", name), f"is never reached: policy.{above} fits every {direction} call", f"move it above policy.{above}")
        elif _fits_all(policy.get("match", {})):
            catching[direction] = name


def among_recordings(tables: Table, own: Mapping[tuple[str, str], str]) -> Iterator[Flaw]:
    """Files of callguard's own in the recordings root: no row knows them there, so a reconciliation would put them into quarantine.

    ``own`` are their keys with the places that they have where the file names none.
    """
    root = _text_of(tables, ("recordings", "root"), "")
    for key, usual in own.items():
        place = _text_of(tables, key, usual).removeprefix("sqlite:///")
        if root not in {"", "/"} and Path(place).is_relative_to(root):
            yield Flaw(key, "lies in the recordings root, where whatever no row knows is put away", "keep it, or the recordings, elsewhere")


def _text_of(tables: Table, key: tuple[str, str], usual: str) -> str:
    table = tables.get(key[0])
    written = table.get(key[1], usual) if isinstance(table, Mapping) else usual
    return written if isinstance(written, str) else usual


def _fits_all(match: object) -> bool:
    return isinstance(match, Mapping) and not any(match.values())
