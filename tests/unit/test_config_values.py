"""What a configuration may say, and what the settings then hold."""

from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from callguard.call.period import Period, Unit
from callguard.config import PolicySettings, Settings
from callguard.config.section import Section

MINIMAL: dict[str, Any] = {
    "pbx": [{"name": "main", "kind": "asterisk", "secret_env": "AMI_SECRET"}],
    "recordings": {"root": "/spool", "country": "RO"},
}


def settings(**tables: object) -> Settings:
    return Settings.model_validate({**MINIMAL, **tables})


def refused(section: type[Section], **table: object) -> str:
    """The one message that the table is refused with."""
    with pytest.raises(ValidationError) as caught:
        section.model_validate(table)
    (error,) = caught.value.errors()
    return str(error["ctx"]["message"])


def policy(**table: object) -> PolicySettings:
    return PolicySettings.model_validate({"direction": "inbound", "mode": "notice", **table})


def test_a_file_with_a_pbx_and_recordings_is_whole() -> None:
    whole = settings()

    assert whole.store.url == "sqlite:////var/lib/callguard/callguard.db"
    assert (whole.pbx[0].host, whole.pbx[0].port, whole.pbx[0].username) == ("127.0.0.1", 5038, "callguard")
    assert whole.recordings.pbx_root == whole.recordings.root == Path("/spool")
    assert whole.recordings.min_free == 2**30
    assert whole.sweep.at == time(3, 30)
    assert whole.numbers.default_region == "RO"
    assert (whole.logging.level, whole.logging.format) == ("info", "json")


def test_a_freeswitch_has_its_own_port_and_no_user() -> None:
    switch = settings(pbx=[{"name": "fs", "kind": "freeswitch", "credential": "esl"}]).pbx[0]
    assert (switch.port, switch.username) == (8021, None)


def test_a_freeswitch_records_in_stereo_unless_told_otherwise() -> None:
    switch = {"name": "fs", "kind": "freeswitch", "credential": "esl"}
    assert settings(pbx=[switch]).pbx[0].recording == "stereo"
    assert settings(pbx=[{**switch, "recording": "mono"}]).pbx[0].recording == "mono"
    assert settings().pbx[0].recording == "mono"


def test_the_pbx_may_see_the_recordings_elsewhere() -> None:
    seen = settings(recordings={"root": "/spool", "pbx_root": "/srv/spool", "country": "DE"})
    assert seen.recordings.pbx_root == Path("/srv/spool")


def test_a_root_that_is_refused_is_refused_once() -> None:
    for root in ("spool", "/spool/../etc", 5):
        with pytest.raises(ValidationError) as caught:
            settings(recordings={"root": root, "country": "RO"})
        assert [error["loc"] for error in caught.value.errors()] == [("recordings", "root")]


def test_settings_cannot_be_changed_and_show_no_password() -> None:
    """S13: the URL may hold a password."""
    whole = settings(store={"url": "postgresql+psycopg://u:hunter2@h/d"})

    for section, key in ((whole, "store"), (whole.logging, "level")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(section, key, getattr(section, key))
    assert "hunter2" not in repr(whole) + str(whole)


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("6 months", Period(6, Unit.MONTHS)),
        ("1 year", Period(1, Unit.YEARS)),
        ("100 years", Period(100, Unit.YEARS)),
        ("90 days", Period(90, Unit.DAYS)),
    ],
)
def test_retentions(written: str, period: Period) -> None:
    """S8."""
    assert policy(retention=written).retention == period


@pytest.mark.parametrize(
    "written", ["6 monthes", "-1 days", "0 days", "six months", "6months", "6 Months", "", "101 years", "9999 months", "½ year", "٦ months"]
)
def test_retentions_that_are_refused(written: str) -> None:
    """S8."""
    assert refused(PolicySettings, direction="inbound", mode="notice", retention=written).startswith(f'"{written}" is ')


@pytest.mark.parametrize("written", [6, True, ["6 months"], None])
def test_a_retention_is_text(written: object) -> None:
    assert refused(PolicySettings, direction="inbound", mode="notice", retention=written) == "must be text in quotes"


@pytest.mark.parametrize(
    ("written", "wait"), [("5s", timedelta(seconds=5)), ("1500ms", timedelta(seconds=1.5)), ("60s", timedelta(minutes=1))]
)
def test_waits(written: str, wait: timedelta) -> None:
    assert policy(timeout=written).timeout == wait


@pytest.mark.parametrize("written", ["5", "5 s", "0s", "999ms", "61s", "-5s", "5m", "1e3s"])
def test_waits_that_are_refused(written: str) -> None:
    assert refused(PolicySettings, direction="inbound", mode="notice", timeout=written).startswith(f'"{written}" is ')


@pytest.mark.parametrize(("written", "size"), [("1 GiB", 2**30), ("512 MiB", 2**29), ("2 TiB", 2**41)])
def test_sizes(written: str, size: int) -> None:
    assert settings(recordings={"root": "/spool", "country": "RO", "min_free": written}).recordings.min_free == size


@pytest.mark.parametrize("section", ["0 GiB", "1GiB", "1 GB", "1", "-1 GiB", "1.5 GiB"])
def test_sizes_that_are_refused(section: str) -> None:
    with pytest.raises(ValidationError, match="is no size"):
        settings(recordings={"root": "/spool", "country": "RO", "min_free": section})


def test_a_time_of_day_is_read_as_written() -> None:
    assert settings(sweep={"at": "23:05"}).sweep.at == time(23, 5)


@pytest.mark.parametrize("written", ["24:00", "3:30", "03:60", "03:30:00", "", "noon"])
def test_times_of_day_that_are_refused(written: str) -> None:
    with pytest.raises(ValidationError, match="is no time of day"):
        settings(sweep={"at": written})


@pytest.mark.parametrize("key", ["", "11", "A", "٣", "1\n"])
def test_keys_that_no_telephone_has(key: str) -> None:
    assert "is no key of a telephone" in refused(PolicySettings, direction="inbound", mode="notice", accept_key=key)


def test_withdrawal_keys_can_be_switched_off_but_not_be_anything() -> None:
    assert policy(withdraw_keys="").withdraw_keys == ""
    assert "are no keys" in refused(PolicySettings, direction="inbound", mode="notice", withdraw_keys="9A")


def test_a_long_value_is_cut_in_its_message() -> None:
    assert len(refused(PolicySettings, direction="inbound", mode="notice", retention="x" * 10_000)) < 80


@pytest.mark.parametrize("region", ["ZZ", "ro", "EU", ""])
def test_a_region_has_a_numbering_plan(region: str) -> None:
    with pytest.raises(ValidationError, match="is no region"):
        settings(numbers={"default_region": region})


def test_a_sentence_in_another_language_is_no_path() -> None:
    with pytest.raises(ValidationError, match="is no absolute path"):
        settings(announcements={"catalogue": "/var/\x00lib"})


def _lines(section: type[Section]) -> list[tuple[type[Section], str]]:
    return [(section, key) for key in section.model_fields]


@pytest.mark.parametrize(("section", "key"), [line for section in Section.__subclasses__() for line in _lines(section)])
def test_every_key_has_a_line_to_copy(section: type[Section], key: str) -> None:
    assert key in section.line(key)
    assert section.model_fields[key].examples
