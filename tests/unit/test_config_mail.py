"""The mail server as the configuration says it: encrypted, with a login that is whole, or not at all (S13)."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from callguard.config.mail import MailSettings
from callguard.errors import ConfigError

WHOLE = {"server": "smtp.example.com", "sender": "callguard@example.com"}


def mail(**changes: object) -> MailSettings:
    return MailSettings.model_validate(WHOLE | changes)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_follows_the_encryption(security: str, port: int) -> None:
    assert (mail(security=security).port, mail(security=security, port=2525).port) == (port, 2525)
    assert mail(security="none", server="127.0.0.1").port == 25


FAULTS = [
    ({"security": "none"}, "would send numbers in the clear"),
    ({"security": "none", "server": "localhost", "username": "me", "password_file": "/p"}, "would send the password in the clear"),
    ({"username": "me"}, "write a username and its password"),
    ({"password_file": "/p"}, "write a username and its password"),
    ({"username": "me", "password_file": "/p", "password_credential": "mail"}, "password_file and password_credential given"),
    ({"sender": "callguard"}, "is no e-mail address"),
    ({"warn": ["a@example.com", "b@example.com\r\nBcc: all@example.com"]}, "is no e-mail address"),
    ({"security": 5}, "must be"),
    ({"port": 0}, "must be at least 1"),
]


@pytest.mark.parametrize(("changes", "told"), FAULTS)
def test_what_cannot_be_is_refused_with_what_to_write(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        mail(**changes)
    assert told in " ".join(f"{error['msg']} {error.get('ctx')}" for error in refused.value.errors())


def test_the_password_is_read_when_it_is_used(tmp_path: Path) -> None:
    """S13: and kept nowhere."""
    file = tmp_path / "password"
    login = mail(username="me", password_file=str(file))
    with pytest.raises(ConfigError, match="cannot read"):
        login.read_password()
    file.write_text("correct horse\n", "utf-8")
    file.chmod(0o600)
    assert login.read_password() == "correct horse"
    assert mail().read_password() is None
