"""All faults of a configuration at once, each with file, key and remedy."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from callguard.config import Settings, load_settings
from callguard.errors import ConfigError, Fault

TEN_FAULTS = """
[store]
url = "mysql://root:hunter2@db/calls"

[[pbx]]
name = "main"
kind = "asterisk"
port = "5038"
secret_file = "/etc/callguard/ami.secret"
secret_env = "AMI_SECRET"

[[pbx]]
name = "main"
kind = "freswitch"
credential = "esl"

[recordings]
root = "spool/recordings"
country = "US"
min_fre = "1 GiB"

[policy.sales]
direction = "inbound"
mode = "notice"
retention = "6 monthes"
refuse_key = "1"
"""

MINIMAL = """
[[pbx]]
name = "main"
kind = "asterisk"
secret_env = "AMI_SECRET"

[recordings]
root = "/spool"
country = "RO"
"""


def faults_of(folder: Path, text: str | bytes) -> dict[str, Fault]:
    """The faults by key path."""
    file = folder / "callguard.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    assert caught.value.exit_status == 2
    assert all(fault.place.startswith(str(file)) for fault in caught.value.faults)
    assert all(fault.remedy for fault in caught.value.faults)
    found = {fault.place.removeprefix(str(file)).removeprefix(": "): fault for fault in caught.value.faults}
    assert len(found) == len(caught.value.faults)
    return found


def test_ten_faults_give_ten_messages(tmp_path: Path) -> None:
    """Issue 2, bad input; the wrong country is S9."""
    faults = faults_of(tmp_path, TEN_FAULTS)

    assert set(faults) == {
        "store.url",
        "pbx.main.port",
        "pbx.main.secret_env",
        "pbx.main.kind",
        "pbx.main.name",
        "recordings.root",
        "recordings.country",
        "recordings.min_fre",
        "policy.sales.retention",
        "policy.sales.refuse_key",
    }
    assert faults["policy.sales.retention"].message == '"6 monthes" is no period'
    assert '"6 months"' in faults["policy.sales.retention"].remedy
    assert faults["recordings.min_fre"].remedy == "did you mean min_free?"
    assert faults["pbx.main.port"] == Fault("must be a whole number", f"{tmp_path}/callguard.toml: pbx.main.port", "write port = 5038")


def test_ten_faults_as_text_and_as_json(tmp_path: Path) -> None:
    file = tmp_path / "callguard.toml"
    file.write_text(TEN_FAULTS)
    with pytest.raises(ConfigError) as caught:
        load_settings(file)

    lines = str(caught.value).splitlines()
    listed = json.loads(json.dumps([fault.as_json() for fault in caught.value.faults]))
    assert len(lines) == len(listed) == 10
    for line, fault in zip(lines, listed, strict=True):
        assert line == f"{fault['place']}: {fault['message']} ({fault['remedy']})"


def test_no_message_repeats_a_secret(tmp_path: Path) -> None:
    """S13."""
    text = MINIMAL.replace("secret_env", 'secret = "hunter2"\nsecret_env') + '[store]\nurl = "mysql://u:hunter2@h/d"\n'
    faults = faults_of(tmp_path, text)

    assert set(faults) == {"pbx.main.secret", "store.url"}
    assert "hunter2" not in "".join(str(fault) for fault in faults.values())


RECORDINGS = '[recordings]\nroot = "/spool"\ncountry = "RO"\n'


def _pbx(line: str) -> str:
    """The minimal file with one more line in its [[pbx]]."""
    return MINIMAL.replace('name = "main"', f'name = "main"\n{line}')


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (RECORDINGS, "pbx", "is missing"),
        (MINIMAL.partition("[recordings]")[0], "recordings", "is missing"),
        (MINIMAL.replace("[[pbx]]", "[pbx]"), "pbx", "must be a list in brackets"),
        (MINIMAL.replace("[[pbx]]", "[[pbxx]]"), "pbxx", "is no key that callguard knows"),
        ("pbx = []\n" + RECORDINGS, "pbx", "must not be empty"),
        ("pbx = [1]\n" + RECORDINGS, "pbx[0]", "must be a table"),
        (MINIMAL.replace('name = "main"\n', ""), "pbx[0].name", "is missing"),
        (MINIMAL.replace('"main"', '"../x"'), 'pbx."../x".name', '"../x" is no plain name'),
        (MINIMAL.replace('secret_env = "AMI_SECRET"\n', ""), "pbx.main.secret_file", "no secret given"),
        (_pbx('secret_file = "/x"'), "pbx.main.secret_env", "secret_file and secret_env given"),
        (_pbx('username = "x"').replace("asterisk", "freeswitch"), "pbx.main.username", "means nothing to FreeSWITCH"),
        (_pbx("tls = true").replace("asterisk", "freeswitch"), "pbx.main.tls", "means nothing to FreeSWITCH"),
        (_pbx('recording = "stereo"'), "pbx.main.recording", "is more than Asterisk can do"),
        (_pbx('recording = "quadro"'), "pbx.main.recording", "must be 'stereo' or 'mono'"),
        (_pbx('recordings_root = "spool"'), "pbx.main.recordings_root", '"spool" is no absolute path'),
        (_pbx('tls = "yes"'), "pbx.main.tls", "must be true or false"),
        (_pbx("port = 70000"), "pbx.main.port", "must be at most 65535"),
        (_pbx("trunks = [1]"), "pbx.main.trunks[0]", "must be text in quotes"),
        (_pbx('username = "x\\r\\nAction: Command"'), "pbx.main.username", '"x\\r\\nAction: Command" is no line of text'),
        (MINIMAL + "[policy]\nx = 1\n", "policy.x", "must be a table"),
        ("policy = 1\n" + MINIMAL, "policy", "must be a table"),
        (MINIMAL + "[announcements]\ncommand = []\n", "announcements.command", "must not be empty"),
        (MINIMAL + '[announcements]\ncommand = "espeak"\n', "announcements.command", "must be a list in brackets"),
        (MINIMAL + '[announcements]\nlanguage = "de"\n', "announcements.language", '"de" is no language that callguard speaks'),
        (MINIMAL + '[announcements]\ncompany = " "\n', "announcements.company", '" " is no name to speak'),
        (_pbx("port = 0"), "pbx.main.port", "must be at least 1"),
        (MINIMAL + '[logging]\nlevel = "loud"\n', "logging.level", "must be 'debug', 'info', 'warning' or 'error'"),
        (MINIMAL + '[policy."a b"]\n', 'policy."a b"', '"a b" is no plain name'),
        (MINIMAL + '[controller]\nname = " "\n', "controller.name", '" " is no line of text'),
        (MINIMAL + '["quoted key"]\n', '"quoted key"', "is no key that callguard knows"),
    ],
)
def test_single_faults(tmp_path: Path, text: str, key: str, message: str) -> None:
    assert faults_of(tmp_path, text)[key].message == message


@pytest.mark.parametrize(
    ("line", "remedy"),
    [("retention = 180", 'write retention = "6 months"'), ("timeout = 5", 'write timeout = "5s"')],
)
def test_a_bare_number_is_answered_with_the_line_to_write(tmp_path: Path, line: str, remedy: str) -> None:
    """And not with the advice to put it in quotes, which would be the next fault."""
    text = f'{MINIMAL}[policy.x]\ndirection = "inbound"\nmode = "opt-in"\n{line}\n'
    assert faults_of(tmp_path, text)[f"policy.x.{line.partition(' ')[0]}"].remedy == remedy


def test_a_key_that_resembles_none_is_answered_with_those_there_are(tmp_path: Path) -> None:
    assert "the keys here are at" in faults_of(tmp_path, MINIMAL + "[sweep]\nzzzz = 1\n")["sweep.zzzz"].remedy


@pytest.mark.parametrize("country", ["US", "GB", "CH", "ro", "Romania", ""])
def test_storage_outside_the_eea_is_refused(tmp_path: Path, country: str) -> None:
    """S9."""
    faults = faults_of(tmp_path, MINIMAL.replace('"RO"', f'"{country}"'))
    assert "is no country of the EU or EEA" in faults["recordings.country"].message


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    assert faults_of(tmp_path, MINIMAL + "[sweep]\nat = 03:30\n")[":11"].message.startswith("is no TOML: ")


def test_an_unfinished_file_is_told_without_a_line(tmp_path: Path) -> None:
    assert faults_of(tmp_path, 'x = """')[""].message.startswith("is no TOML: ")


def test_text_that_is_not_utf8_names_its_line(tmp_path: Path) -> None:
    assert faults_of(tmp_path, b'# a\n# b\nname = "\xff"\n')[":3"].message == "is not UTF-8 text"


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read") as caught:
            load_settings(path)
        assert caught.value.faults[0].place == str(path)
        assert "--config" in caught.value.remedy


@given(st.text())
def test_no_text_at_all_makes_the_reader_crash(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(ConfigError):
        load_settings(file)


KEYS = [
    *("pbx", "recordings", "policy", "announcements", "store", "sweep", "name", "kind", "port", "secret_file", "secret_env"),
    *("root", "country", "direction", "mode", "match", "numbers", "accept_key", "refuse_key", "language", "retention"),
]
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_values_of_any_type_are_faults_with_remedies_and_never_crashes(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(written)
    for error in caught.value.errors():
        assert error["ctx"]["message"]
        assert error["ctx"]["remedy"]
