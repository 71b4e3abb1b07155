"""What the daemon is made of, before anything runs."""

from contextlib import closing
from pathlib import Path

import pytest

from callguard.call.policy import UNMATCHED
from callguard.config import load_settings
from callguard.daemon import make_switch, prepare
from callguard.engine import Engine
from callguard.errors import FileFault
from callguard.pbx.asterisk import Asterisk
from callguard.pbx.freeswitch import Freeswitch
from callguard.store.database import open_database

CONFIG = """
[[pbx]]
name = "main"
kind = "{kind}"
secret_env = "CALLGUARD_TEST_SECRET"
[recordings]
root = "{root}"
country = "RO"
"""


@pytest.mark.parametrize(("kind", "driver"), [("asterisk", Asterisk), ("freeswitch", Freeswitch)])
def test_each_kind_of_switch_has_its_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, driver: type) -> None:
    config = tmp_path / "callguard.toml"
    config.write_text(CONFIG.format(kind=kind, root=tmp_path))
    settings = load_settings(config)
    monkeypatch.setenv("CALLGUARD_TEST_SECRET", "secret")
    with closing(open_database(f"sqlite:///{tmp_path}/callguard.db")) as database:
        switch = make_switch(settings.pbx[0], settings, Engine(database, [UNMATCHED]))
    assert type(switch) is driver
    assert switch.name == "main"


def test_a_disk_with_too_little_room_begins_no_recording(tmp_path: Path) -> None:
    """Pains of section 7: it warns and stops new recordings; what is there stays."""
    (tmp_path / "old.wav").write_bytes(b"old")
    with pytest.raises(FileFault, match="bytes are free"):
        prepare(tmp_path, 1 << 62, "2026/11/21/a-1.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["old.wav"]
    prepare(tmp_path, 1, "2026/11/21/a-1.wav")
    assert (tmp_path / "2026/11/21").is_dir()
