"""Periods held against floor and ceiling, as they stand in the file; what is no period is told by the check of its own field."""

from collections.abc import Iterator

from callguard.call.period import Period, parse_period
from callguard.config.section import Flaw, Table
from callguard.retention.ruleset import may_be_shorter


def outside(written: object, bounds: Table, key: tuple[str | int, ...]) -> Iterator[Flaw]:
    """A period that may end before the floor or after the ceiling, both as they are written; what is no period is told elsewhere."""
    period, floor, ceiling = written_period(written), written_period(bounds.get("floor")), written_period(bounds.get("ceiling"))
    if period and floor and may_be_shorter(period, floor):
        yield Flaw(key, f"of {period} may end before the floor of {floor}", f"write at least {floor}, or lower the floor below [retention]")
    if period and ceiling and may_be_shorter(ceiling, period):
        yield Flaw(key, f"of {period} may end after the ceiling of {ceiling}", f"write at most {ceiling}, or raise the ceiling")


def written_period(written: object) -> Period | None:
    """The period, where it is one."""
    try:
        return parse_period(written) if isinstance(written, str) else None
    except ValueError:
        return None
