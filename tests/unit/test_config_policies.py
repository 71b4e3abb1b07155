"""From `[policy.*]` to what the call core goes by."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from callguard.call.period import Period, Unit
from callguard.call.policy import Announcement, Match, Mode, OnRefusal, Policy, Prompts
from callguard.config import PURPOSES, Settings

BASE: dict[str, Any] = {
    "pbx": [{"name": "main", "kind": "asterisk", "secret_env": "AMI_SECRET"}],
    "recordings": {"root": "/spool", "country": "RO"},
}


def prompts_for(name: str, language: str) -> Prompts:
    """A catalogue that has everything once."""

    def one(name: str) -> Announcement:
        return Announcement(f"v-{name}-{language}", name, language, 1000, f"callguard/{name}")

    return Prompts(one(name), one("thank-you"), one("refused"))


def policies(policy: dict[str, Any], **tables: object) -> tuple[Policy, ...]:
    return Settings.model_validate({**BASE, "policy": policy, **tables}).policies(prompts_for)


def only(**table: object) -> Policy:
    (policy,) = policies({"p": {"direction": "inbound", "mode": "notice", **table}})
    return policy


def test_without_policies_the_built_in_pair_holds() -> None:
    """S1, S2, S6, S8: a notice with refusal key 9 for callers, an explicit key for the called, six months, the purposes named."""
    inbound, outbound = policies({})

    assert (inbound.direction, inbound.mode, inbound.refuse_key) == ("inbound", Mode.NOTICE, "9")
    assert (outbound.direction, outbound.mode, outbound.accept_key, outbound.refuse_key) == ("outbound", Mode.OPT_IN, "1", "2")
    for policy in (inbound, outbound):
        assert policy.retention == Period(6, Unit.MONTHS)
        assert policy.purposes == PURPOSES
        assert policy.on_refusal is OnRefusal.CONTINUE
        assert policy.withdraw_keys == "*9"
        assert policy.match == Match()
    assert inbound.prompts == prompts_for("inbound-notice", "ro")
    assert outbound.prompts == prompts_for("outbound-opt-in", "ro")


def test_everything_written_reaches_the_core() -> None:
    """S6, S7."""
    (policy,) = policies(
        {
            "sales": {
                "direction": "outbound",
                "mode": "opt-in",
                "match": {"numbers": ["+4021*"], "trunks": ["provider-a"], "queues": ["sales"]},
                "legal_basis": "legitimate interest",
                "purposes": ["legal claims"],
                "announcement": "outbound-opt-in",
                "language": "en",
                "accept_key": "*",
                "refuse_key": "#",
                "timeout": "1500ms",
                "attempts": 3,
                "on_refusal": "hangup",
                "retention": "1 year",
                "withdraw_keys": "",
            }
        }
    )

    assert policy == Policy(
        name="sales",
        version=policy.version,
        direction="outbound",
        mode=Mode.OPT_IN,
        legal_basis="legitimate interest",
        purposes=("legal claims",),
        retention=Period(1, Unit.YEARS),
        prompts=prompts_for("outbound-opt-in", "en"),
        accept_key="*",
        refuse_key="#",
        timeout_ms=1500,
        attempts=3,
        on_refusal=OnRefusal.HANGUP,
        withdraw_keys="",
        match=Match(("+4021*",), ("provider-a",), ("sales",)),
    )


def test_policies_keep_the_order_of_the_file() -> None:
    vip = {"direction": "inbound", "mode": "never", "match": {"queues": ["vip"]}}
    rest = {"direction": "inbound", "mode": "notice"}
    assert [policy.name for policy in policies({"vip": vip, "all": rest})] == ["vip", "all"]


def test_nothing_is_looked_up_for_a_policy_that_plays_nothing() -> None:
    def none_there(name: str, language: str) -> Prompts:
        raise LookupError(name, language)

    written = {**BASE, "policy": {"p": {"direction": "inbound", "mode": "never"}}}
    (policy,) = Settings.model_validate(written).policies(none_there)
    assert policy.prompts is None


def test_the_language_of_all_holds_where_a_policy_names_none() -> None:
    (policy,) = policies({"p": {"direction": "inbound", "mode": "opt-out"}}, announcements={"language": "en"})
    assert policy.prompts == prompts_for("inbound-opt-out", "en")


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "opt-out", "announcement": "inbound-notice"},
        {"legal_basis": "legal obligation"},
        {"purposes": ["legal claims"]},
        {"announcement": "inbound-opt-out"},
        {"language": "en"},
        {"refuse_key": "8"},
        {"timeout": "6s"},
        {"attempts": 1},
        {"on_refusal": "hangup"},
        {"retention": "5 months"},
        {"withdraw_keys": ""},
    ],
)
def test_whatever_a_person_is_subject_to_makes_another_version(change: dict[str, object]) -> None:
    """S12, C5."""
    assert only(**change).version != only().version


def test_the_version_of_the_same_terms_is_the_same() -> None:
    """S12: whom it speaks of is no part of the terms, nor the order of the keys in the file. The name is: calls show it by the version."""
    terms = {"mode": "notice", "direction": "inbound", "match": {"queues": ["x"]}}
    (same,) = policies({only().name: terms})
    (other,) = policies({"other-name": terms})
    assert same.version == only().version
    assert other.version != only().version
    assert len(other.version) == 64


def test_a_prompt_that_changed_makes_another_version() -> None:
    """S12: the text in the file is the same, the sound is not."""

    def newer(name: str, language: str) -> Prompts:
        prompts = prompts_for(name, language)
        refused = Announcement("v-2", "refused", language, 900, "callguard/refused")
        return Prompts(prompts.question, prompts.accepted, refused)

    (policy,) = Settings.model_validate({**BASE, "policy": {"p": {"direction": "inbound", "mode": "notice"}}}).policies(newer)
    assert policy.version != only().version


def test_a_policy_below_one_that_fits_everything_is_a_fault() -> None:
    first = {"direction": "inbound", "mode": "notice", "match": {"numbers": []}}
    second = {"direction": "inbound", "mode": "never", "match": {"queues": ["vip"]}}
    with pytest.raises(ValidationError, match=r"is never reached: policy\.first fits every inbound call"):
        policies({"first": first, "second": second})


def test_a_listed_person_may_be_told_that_the_call_is_not_recorded() -> None:
    """S4: left out, nothing is played; what is played must not ask, nor say that it is recorded."""
    table = {"direction": "inbound", "mode": "notice", "language": "en"}
    (plain,) = policies({"p": table})
    (telling,) = policies({"p": {**table, "listed_announcement": "not-recorded"}})
    assert plain.prompts is not None
    assert telling.prompts == replace(plain.prompts, listed=prompts_for("not-recorded", "en").question)
    assert plain.prompts.listed is None
    assert plain.version != telling.version
    for wrong in ("thank-you", "inbound-notice"):
        with pytest.raises(ValidationError, match="does not say that nothing is recorded"):
            policies({"p": {**table, "listed_announcement": wrong}})


@pytest.mark.parametrize("change", [{"language": "de"}, {"announcement": "thank-you"}, {"announcement": "inbound-notcie"}])
def test_what_cannot_be_played_is_a_fault(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"is no (language|announcement)"):
        policies({"p": {"direction": "inbound", "mode": "notice", **change}})


def test_a_direction_or_mode_that_is_wrong_is_one_fault() -> None:
    for table in ({"direction": "in", "mode": "notice"}, {"direction": "inbound", "mode": 5}, {"direction": "inbound"}):
        with pytest.raises(ValidationError) as caught:
            policies({"p": table})
        assert caught.value.error_count() == 1
