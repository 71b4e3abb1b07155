"""Faults between tables, found in the file as written.

They are looked for even when single values are wrong, so that one reading tells everything; a value of a wrong type is passed over here,
as the check of its own field complains of it.
"""

from collections.abc import Iterator, Mapping

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


def _fits_all(match: object) -> bool:
    return isinstance(match, Mapping) and not any(match.values())
