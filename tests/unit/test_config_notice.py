"""Who is told of what by mail, as the configuration says it (C4)."""

from pathlib import Path

import pytest

from callguard.config import load_settings
from callguard.daemon import notices
from callguard.errors import ConfigError

SITE = """
[[pbx]]
name = "main"
kind = "asterisk"
secret_env = "AMI_SECRET"

[recordings]
root = "/spool"
country = "RO"
"""
MAIL = """
[mail]
server = "smtp.example.com"
sender = "callguard@example.com"
"""
WRONG = """
[[notice]]
number = "anonymous"
to = []
on = ["missed"]
language = "de"

[[notice]]
number = 21333
to = ["shop"]
on = []
mailto = "x"
"""
RIGHT = """
[[notice]]
number = "021 333 4444"
to = ["shop@example.com"]
on = ["missed-call"]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "callguard.toml"
    file.write_text(SITE + text, "utf-8")
    return file


def faults(folder: Path, text: str) -> dict[str, str]:
    file = written(folder, text)
    with pytest.raises(ConfigError) as refused:
        load_settings(file)
    assert all(fault.remedy for fault in refused.value.faults)
    return {fault.place.removeprefix(f"{file}: "): fault.message for fault in refused.value.faults}


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    """C4: and among them that there is no server to send through."""
    found = faults(tmp_path, WRONG)
    assert set(found) == {
        "notice",
        *(f"notice[0].{key}" for key in ("number", "to", "on[0]", "language")),
        *(f"notice[1].{key}" for key in ("number", "to[0]", "on", "mailto")),
    }
    assert found["notice[0].number"] == "is nobody's number"
    assert found["notice[0].on[0]"] == "must be 'missed-call', 'voicemail' or 'new-address'"


def test_a_notice_needs_a_mail_server(tmp_path: Path) -> None:
    assert faults(tmp_path, RIGHT) == {"notice": "needs a server to send mails through"}
    assert len(load_settings(written(tmp_path, RIGHT + MAIL)).notice) == 1


def test_nobody_is_told_of_anything_unless_it_is_written(tmp_path: Path) -> None:
    """C4: off by default."""
    assert notices(load_settings(written(tmp_path, MAIL))).news == frozenset()
    assert notices(load_settings(written(tmp_path, MAIL + RIGHT))).news == frozenset()
    both = RIGHT.replace('"missed-call"', '"new-address", "voicemail"')
    assert {news.__name__ for news in notices(load_settings(written(tmp_path, MAIL + both))).news} == {"MailboxCounted", "EquipmentSeen"}
