"""The tables `[policy.NAME]`: whom a policy speaks of, what that person hears and is asked, and for how long a recording is kept.

Order in the file is order of trial, the first match wins, and a call that matches none is not recorded: whoever writes policies of their
own writes all of them, and the built-in pair is gone. A policy that an earlier one leaves nothing for is a fault, since its author
believes that it holds.

Mode and legal basis are apart (S7): staying on the line may be called consent, as the notice this product is built on does, or may be
backed by a legitimate interest; which, is for the operator to say and to answer for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from callguard.call.period import Period, Unit
from callguard.call.policy import Match, Mode, OnRefusal, Policy, Prompts, with_version
from callguard.config.retention import TermSettings
from callguard.config.section import Flaw, Section, Table
from callguard.config.values import Assurance, Key, Keys, Language, Question, Retention, Text, Texts, Wait
from callguard.retention.ruleset import PolicyTerms
from callguard.retention.terms import Kind

PURPOSES = (
    "service quality",
    "understanding requests",
    "staff evaluation and training",
    "checking complaints",
    "legal claims",
    "proof of interactions",
)
"""The purposes that the notice names (S6)."""

PromptsFor = Callable[[str, str], Prompts]
"""The announcement catalogue: (name of the announcement, language) → the exact versions now in force."""

Patterns = tuple[Text, ...]


class MatchSettings(Section):
    """Shell patterns; a list left out fits everything, and all lists that are there must fit."""

    numbers: Patterns = Field(default=(), examples=['numbers = ["+4021*", "0800*"]'])
    trunks: Patterns = Field(default=(), examples=['trunks = ["provider-a"]'])
    queues: Patterns = Field(default=(), examples=['queues = ["sales"]'])


class PolicySettings(Section):
    """One policy as it was written, with the defaults of its direction and mode."""

    direction: Literal["inbound", "outbound"] = Field(examples=['direction = "inbound"'])
    match: MatchSettings = Field(default=MatchSettings(), examples=['match = { numbers = ["+4021*"] }'])
    mode: Literal["notice", "opt-out", "opt-in", "never"] = Field(examples=['mode = "opt-in"'])
    legal_basis: Literal["consent", "legal obligation", "legitimate interest"] = Field(
        default="consent", examples=['legal_basis = "consent"']
    )
    purposes: Texts = Field(default=PURPOSES, examples=['purposes = ["service quality"]'])
    announcement: Question = Field(examples=['announcement = "inbound-notice"'])
    language: Language | None = Field(default=None, examples=['language = "ro"'])
    listed_announcement: Assurance | None = Field(default=None, examples=['listed_announcement = "not-recorded"'])
    accept_key: Key = Field(default="1", examples=['accept_key = "1"'])
    refuse_key: Key = Field(examples=['refuse_key = "9"'])
    timeout: Wait = Field(default=timedelta(seconds=5), examples=['timeout = "5s"'])
    attempts: Annotated[StrictInt, Field(ge=1, le=5)] = Field(default=2, examples=["attempts = 2"])
    on_refusal: Literal["continue", "hangup"] = Field(default="continue", examples=['on_refusal = "continue"'])
    retention: Retention = Field(default=Period(6, Unit.MONTHS), examples=['retention = "6 months"'])
    withdraw_keys: Keys = Field(default="*9", examples=['withdraw_keys = "*9"'])
    cdr: TermSettings | None = Field(default=None, examples=['cdr = { anchor = "contract-end", period = "5 years" }'])
    consent: TermSettings | None = Field(default=None, examples=['consent = { anchor = "call-start", period = "5 years" }'])
    billing: StrictBool = Field(default=False, examples=["billing = false"])

    @classmethod
    def completed(cls, table: Table) -> Table:
        """The refusal key and the announcement follow direction and mode; where nothing is played, or the file is refused, any will do."""
        direction = "outbound" if table.get("direction") == "outbound" else "inbound"
        mode = table.get("mode")
        asking = mode if mode in (Mode.NOTICE, Mode.OPT_OUT, Mode.OPT_IN) else Mode.NOTICE
        return {"refuse_key": "2" if direction == "outbound" else "9", "announcement": f"{direction}-{asking}", **table}

    @classmethod
    def crossed(cls, table: Table) -> Iterator[Flaw]:
        """One key cannot mean both yes and no."""
        accept, refuse = table.get("accept_key", "1"), table["refuse_key"]
        if accept == refuse:
            yield Flaw(("refuse_key",), "is the same key as accept_key", f"write another key than {accept} for one of the two")

    def policy(self, name: str, language: str, prompts_for: PromptsFor) -> Policy:
        """What the call core goes by. `language` holds where the policy names none; its prompts are looked up unless nothing is played."""
        never = Mode(self.mode) is Mode.NEVER
        return self.with_prompts(name, None if never else self._prompts(self.language or language, prompts_for))

    def _prompts(self, language: str, prompts_for: PromptsFor) -> Prompts:
        prompts = prompts_for(self.announcement, language)
        if self.listed_announcement is None:
            return prompts
        return replace(prompts, listed=prompts_for(self.listed_announcement, language).question)

    def with_prompts(self, name: str, prompts: Prompts | None) -> Policy:
        """The same with these; with none for calls in which callguard played nothing to anybody, since it was not there."""
        policy = Policy(
            name=name,
            version="",
            direction=self.direction,
            mode=Mode(self.mode),
            legal_basis=self.legal_basis,
            purposes=self.purposes,
            retention=self.retention,
            prompts=prompts,
            accept_key=self.accept_key,
            refuse_key=self.refuse_key,
            timeout_ms=self.timeout // timedelta(milliseconds=1),
            attempts=self.attempts,
            on_refusal=OnRefusal(self.on_refusal),
            withdraw_keys=self.withdraw_keys,
            match=Match(self.match.numbers, self.match.trunks, self.match.queues),
        )
        return with_version(policy)

    def terms(self) -> PolicyTerms:
        """What retention goes by."""
        own = {Kind.CDR: self.cdr, Kind.CONSENT: self.consent}
        return PolicyTerms(self.retention, {kind: term.term() for kind, term in own.items() if term is not None}, self.billing)


BUILT_IN: Mapping[str, PolicySettings] = {
    "inbound": PolicySettings.model_validate({"direction": "inbound", "mode": "notice"}),
    "outbound": PolicySettings.model_validate({"direction": "outbound", "mode": "opt-in"}),
}
"""What holds where the file has no `[policy.*]` at all."""
