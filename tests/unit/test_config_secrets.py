"""Where the secret of a login is read from, and what is refused as one (S13)."""

import os
from pathlib import Path

import pytest

from callguard.config import PbxSettings
from callguard.errors import ConfigError


def pbx(**source: object) -> PbxSettings:
    return PbxSettings.model_validate({"name": "main", "kind": "asterisk", **source})


def secret_file(folder: Path, content: bytes, mode: int = 0o640) -> PbxSettings:
    file = folder / "ami.secret"
    file.write_bytes(content)
    file.chmod(mode)
    return pbx(secret_file=str(file))


@pytest.mark.parametrize("content", [b"hunter2", b"hunter2\n", b"hunter2\r\n"])
def test_a_file_holds_the_secret_with_or_without_a_newline(tmp_path: Path, content: bytes) -> None:
    assert secret_file(tmp_path, content).read_secret() == "hunter2"


def test_a_secret_may_hold_spaces_and_any_letters(tmp_path: Path) -> None:
    assert secret_file(tmp_path, " pârolă 1 ".encode()).read_secret() == " pârolă 1 "


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nAction: Command\n", b"a\x00b", b"\xff\xfe", b"x" * 1025])
def test_what_is_no_single_line_of_text_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        secret_file(tmp_path, content).read_secret()
    assert caught.value.place == "pbx.main.secret_file"
    assert "Action" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o604])
def test_a_file_that_everybody_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="can be read by everybody") as caught:
        secret_file(tmp_path, b"hunter2", mode).read_secret()
    assert caught.value.remedy == f"chmod 0640 {tmp_path}/ami.secret"


def test_a_missing_file_a_folder_and_a_pipe_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, message in (
        (tmp_path / "none", "cannot read"),
        (tmp_path, "not an ordinary file"),
        (tmp_path / "pipe", "not an ordinary file"),
    ):
        with pytest.raises(ConfigError, match=message):
            pbx(secret_file=str(path)).read_secret()


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_SECRET", "hunter2")
    assert pbx(secret_env="AMI_SECRET").read_secret() == "hunter2"  # noqa: S106 - the name of a variable

    monkeypatch.delenv("AMI_SECRET")
    with pytest.raises(ConfigError, match="the environment has no AMI_SECRET"):
        pbx(secret_env="AMI_SECRET").read_secret()  # noqa: S106 - the name of a variable


def test_a_credential_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credential = tmp_path / "ami"
    credential.write_text("hunter2")
    credential.chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert pbx(credential="ami").read_secret() == "hunter2"

    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(ConfigError, match="no credentials") as caught:
        pbx(credential="ami").read_secret()
    assert "CREDENTIALS_DIRECTORY=/run/credentials/callguard.service" in caught.value.remedy


def test_settings_never_hold_the_secret(tmp_path: Path) -> None:
    settings = secret_file(tmp_path, b"hunter2")
    settings.read_secret()
    assert "hunter2" not in repr(settings) + settings.model_dump_json()
