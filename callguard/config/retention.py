"""The table `[retention]`: how long call records, messages and the evidence of decisions are kept, and what the law allows.

Recordings are kept as their policy says; of them only floor and ceiling stand here. A policy may have terms of its own for its calls
(`cdr`), for their decisions (`consent`), and may say that its calls are billing evidence. Every period is held against the floor and the
ceiling of its kind wherever it is written, so that nobody shortens by accident what the law asks for: whoever may keep less than the
notices promise has to lower the floor as well.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StrictInt

from callguard.call.period import Period, Unit
from callguard.config.bounds import outside, written_period
from callguard.config.section import Flaw, Section, Table
from callguard.config.values import Retention, TimeZone
from callguard.retention.ruleset import BILLING_BOUNDS, DEFAULT_BILLING, DEFAULT_BOUNDS, DEFAULT_TERMS, Bounds, may_be_shorter
from callguard.retention.terms import Anchor, Kind, OfficeCalendar, Term

AnchorName = Literal["call-start", "contract-end", "financial-year-end"]
_ANCHOR_LINE = 'anchor = "contract-end"  # or "call-start", "financial-year-end"'


class TermSettings(Section):
    """A term of a policy's own."""

    anchor: AnchorName = Field(examples=[_ANCHOR_LINE])
    period: Retention = Field(examples=['period = "3 years"'])

    def term(self) -> Term:
        """What the rules go by."""
        return Term(self.period, Anchor(self.anchor))


class BoundsSettings(Section):
    """`[retention.recording]`: between which bounds a policy may choose."""

    bounds_unless_written: ClassVar[Bounds] = DEFAULT_BOUNDS[Kind.RECORDING]

    floor: Retention = Field(examples=['floor = "1 day"'])
    ceiling: Retention = Field(examples=['ceiling = "10 years"'])

    @classmethod
    def completed(cls, table: Table) -> Table:
        """Floor and ceiling of the kind."""
        return {"floor": str(cls.bounds_unless_written.floor), "ceiling": str(cls.bounds_unless_written.ceiling), **table}

    @classmethod
    def crossed(cls, table: Table) -> Iterator[Flaw]:
        """A floor above the ceiling leaves no room."""
        floor, ceiling = written_period(table.get("floor")), written_period(table.get("ceiling"))
        if floor and ceiling and may_be_shorter(ceiling, floor):
            yield Flaw(
                ("ceiling",), f"of {ceiling} may end before the floor of {floor}", "write the longer one as the ceiling, in the same unit"
            )

    def bounds(self) -> Bounds:
        """What the rules go by."""
        return Bounds(self.floor, self.ceiling)


class KindSettings(BoundsSettings):
    """A kind of record: its term, and the bounds within which that and those of policies must stay."""

    term_unless_written: ClassVar[Term] = DEFAULT_TERMS[Kind.CDR]
    bounds_unless_written: ClassVar[Bounds] = DEFAULT_BOUNDS[Kind.CDR]

    anchor: AnchorName = Field(examples=[_ANCHOR_LINE])
    period: Retention = Field(examples=['period = "3 years"'])

    @classmethod
    def completed(cls, table: Table) -> Table:
        """The term of the kind."""
        unless_written = {"anchor": cls.term_unless_written.anchor.value, "period": str(cls.term_unless_written.period)}
        return {**unless_written, **super().completed(table)}

    @classmethod
    def crossed(cls, table: Table) -> Iterator[Flaw]:
        """The period must be within the bounds."""
        yield from super().crossed(table)
        yield from outside(table.get("period"), table, ("period",))

    def term(self) -> Term:
        """What the rules go by."""
        return Term(self.period, Anchor(self.anchor))


class BillingSettings(KindSettings):
    """`[retention.billing]`: what calls under a policy with `billing = true` are kept for in any case."""

    term_unless_written: ClassVar[Term] = DEFAULT_BILLING
    bounds_unless_written: ClassVar[Bounds] = BILLING_BOUNDS


class RetentionSettings(Section):
    """`[retention]`, with a table for each kind of record."""

    time_zone: TimeZone = Field(examples=['time_zone = "Europe/Bucharest"'])
    financial_year_ends_in: Annotated[StrictInt, Field(ge=1, le=12)] = Field(default=12, examples=["financial_year_ends_in = 12"])
    recording: BoundsSettings = Field(default=BoundsSettings.model_validate({}), examples=["[retention.recording]"])
    cdr: KindSettings = Field(default=KindSettings.model_validate({}), examples=["[retention.cdr]"])
    sms: KindSettings = Field(default=KindSettings.model_validate({}), examples=["[retention.sms]"])
    consent: KindSettings = Field(default=KindSettings.model_validate({}), examples=["[retention.consent]"])
    billing: BillingSettings = Field(default=BillingSettings.model_validate({}), examples=["[retention.billing]"])

    @classmethod
    def completed(cls, table: Table) -> Table:
        """Looked up when the file is read, so that a machine without time zones is told as a fault of it."""
        return {"time_zone": "Europe/Bucharest", **table}

    def calendar(self) -> OfficeCalendar:
        """What the rules go by."""
        return OfficeCalendar(self.time_zone, self.financial_year_ends_in)

    def terms(self) -> Mapping[Kind, Term]:
        """By kind; recordings have theirs from the policies."""
        return {Kind.CDR: self.cdr.term(), Kind.SMS: self.sms.term(), Kind.CONSENT: self.consent.term()}

    def bounds(self) -> Mapping[Kind, Bounds]:
        """By kind."""
        kinds = {Kind.RECORDING: self.recording, Kind.CDR: self.cdr, Kind.SMS: self.sms, Kind.CONSENT: self.consent}
        return {kind: settings.bounds() for kind, settings in kinds.items()}


def policies_outside(policies: Mapping[str, Table], retention: object) -> Iterator[Flaw]:
    """Periods of policies that are outside the bounds of their kind."""
    tables = retention if isinstance(retention, Mapping) else {}
    for name, policy in policies.items():
        unless_written = policy.get("retention", str(Period(6, Unit.MONTHS)))
        yield from outside(unless_written, _bounds(BoundsSettings, tables.get("recording")), ("policy", name, "retention"))
        for kind in ("cdr", "consent"):
            own: Any = policy.get(kind)
            period = own.get("period") if isinstance(own, Mapping) else None
            yield from outside(period, _bounds(KindSettings, tables.get(kind)), ("policy", name, kind, "period"))


def _bounds(settings: type[BoundsSettings], table: object) -> Table:
    return settings.completed(table if isinstance(table, Mapping) else {})
