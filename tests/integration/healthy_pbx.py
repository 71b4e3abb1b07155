"""An Asterisk in good health, as `check` asks it; and the site beside it."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from callguard.checks.pbx import ACTIONS
from callguard.checks.report import Check
from callguard.checks.survey import survey
from callguard.clock import utc_now
from callguard.config import load_settings
from callguard.retention.marker import mark_root
from tests.integration.ami_server import USERNAME, Connection, Received
from tests.integration.cli_site import Site, new_site

LONGEST_S = 15.0


@dataclass
class Healthy:
    """The script of an Asterisk that is as it must be; a test changes what it needs otherwise."""

    site: Site
    actions: set[str] = field(default_factory=lambda: {*ACTIONS, "Ping"})
    values: dict[str, str] = field(default_factory=dict)
    ahead_s: float = 0.0
    shared: bool = True

    def __call__(self, connection: Connection, action: Received) -> None:
        known = {"ping": self._ping, "listcommands": self._list, "getvar": self._get}
        connection.send(known[action.name](action))

    def _ping(self, action: Received) -> bytes:
        return action.reply("Ping: Pong", f"Timestamp: {utc_now().timestamp() + self.ahead_s:.6f}")

    def _list(self, action: Received) -> bytes:
        return action.reply(*(f"{name}: what it does" for name in sorted(self.actions)))

    def _get(self, action: Received) -> bytes:
        if "Getvar" not in self.actions:
            return action.reply("Message: Permission denied", response="Error")
        name = action.headers["variable"]
        return action.reply(f"Variable: {name}", f"Value: {self._value(name)}")

    def _value(self, name: str) -> str:
        now = str(int(utc_now().timestamp()))
        settled = {
            "EPOCH": now,
            "CALLGUARD_UNTIL": str(int(now) + 5),
            "ASTDATADIR": str(self.site.folder),
            "AST_CONFIG(manager.conf,general,enabled,-1)": "yes",
            "AST_CONFIG(manager.conf,general,timestampevents,-1)": "yes",
            f"AST_CONFIG(manager.conf,{USERNAME},read,-1)": "system,call,agi,dtmf,user",
            **{f"DIALPLAN_EXISTS(callguard-{name},s,1)": "1" for name in ("inbound", "outbound", "message")},
            "DIALPLAN_EXISTS(callguard-joined,1.1,1)": "1",
            **self.values,
        }
        return settled[name] if name in settled else self._probe(name)

    def _probe(self, name: str) -> str:
        """AST_CONFIG of a file by its whole path, as `func_config` reads it."""
        asked = re.fullmatch(r"AST_CONFIG\((/[^,]+),callguard,token,-1\)", name)
        if asked is None or not self.shared:
            return ""
        found = re.search(r"token = (\w+)", Path(asked[1]).read_text("ascii"))
        return found[1] if found else ""


@contextmanager
def built_site(folder: Path) -> Iterator[Site]:
    """A site with its announcements in place, and a root that the daemon has marked."""
    with new_site(folder) as made:
        made.run("announcements", "build")
        made.run("announcements", "install")
        mark_root(made.database, made.root)
        yield made


def point(site: Site, port: int, more: str = "") -> None:
    """Configure the PBX's port, and more of it."""
    text = site.config.read_text("utf-8")
    site.config.write_text(re.sub(r"port = \d+", f"port = {port}\n{more}", text), "utf-8")


def checked(site: Site) -> dict[str, Check]:
    """The checks by name; of a name that comes twice, the last."""
    started = time.monotonic()
    found = {one.name: one for one in survey(load_settings(site.config))}
    assert time.monotonic() - started < LONGEST_S
    return found
