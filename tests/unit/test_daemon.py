"""What the daemon is made of, before anything runs."""

import os
import subprocess
import sys
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


STARTED_UP = """
import sys
from callguard.cli.run import _loading_lightly
with _loading_lightly():
    from callguard import daemon
from callguard.config import load_settings
from callguard.engine import Engine
from callguard.store.database import open_database
from pathlib import Path
settings = load_settings(Path(sys.argv[1]))
database = open_database(settings.store.url)
daemon.make_switch(settings.pbx[0], settings, Engine(database, ()))
print(*sorted({name.partition(".")[0] for name in sys.modules} | {name for name in sys.modules if "dialects." in name}))
import rich
"""


@pytest.mark.parametrize(("kind", "driver", "other"), [("asterisk", "panoramisk", "gevent"), ("freeswitch", "gevent", "panoramisk")])
def test_calls_do_not_wait_for_what_a_start_does_not_need(tmp_path: Path, kind: str, driver: str, other: str) -> None:
    """Design rule 9: a call in progress is taken up again within three seconds of the daemon's death, so each tenth of one counts."""
    config = tmp_path / "callguard.toml"
    config.write_text(CONFIG.format(kind=kind, root=tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", STARTED_UP, config],
        env={**os.environ, "CALLGUARD_TEST_SECRET": "secret"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert {"sqlalchemy", driver} <= loaded
    assert not loaded & {"alembic", "mako", "pygments", "smtplib", "sqlalchemy.dialects.postgresql", other}
