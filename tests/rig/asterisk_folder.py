"""The one folder in which a private Asterisk keeps everything it writes, and the two names that each path has.

The PBX runs by chroot, so a file is `/run/callguard-rig/…` to it and `<root>/run/callguard-rig/…` to everybody else.
"""

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from tests.rig.asterisk_config import Dialplan, PhoneLine, copy_debians_own, write_configuration, write_hold_tone


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """A folder under its two names: `outside` for the tests and the daemon, `inside` for the PBX."""

    outside: Path
    inside: PurePosixPath


@dataclass(frozen=True, slots=True)
class InstanceFolder:
    """Folder `path` of one instance, below the unpacked `root`."""

    root: Path
    path: Path

    @classmethod
    def new_below(cls, root: Path) -> "InstanceFolder":
        """A name that nobody else has; nothing is made yet. Short, as the PBX keeps a UNIX socket in it (108 bytes at most)."""
        root = root.resolve()
        return cls(root, root / "run" / "callguard-rig" / secrets.token_hex(4))

    @property
    def configuration(self) -> PurePosixPath:
        """What Asterisk is told by `-C`."""
        return self.inside(self.path / "etc" / "asterisk.conf")

    @property
    def console(self) -> Path:
        """Where the words go that Asterisk says before its log is open."""
        return self.path / "log" / "console"

    def inside(self, outside: PurePath) -> PurePosixPath:
        """The name that the PBX has for a path below the root; ValueError when it is not below it."""
        return PurePosixPath("/") / outside.relative_to(self.root)

    def outside(self, inside: PurePath | str) -> Path:
        """The name on this machine of an absolute path of the PBX; ValueError when it is not absolute."""
        return self.root / PurePosixPath(inside).relative_to("/")

    def shared(self, name: str) -> SharedFolder:
        """The folder `name` of this instance."""
        return SharedFolder(self.path / name, self.inside(self.path / name))

    def write(self, blanks: Mapping[str, str], phones: list[PhoneLine], dialplan: Dialplan) -> None:
        """Make the folder or bring it up to date; what Asterisk and the tests put into it stays."""
        for name in ("etc", "var", "spool", "run", "log", "sounds", "recordings", "hold"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        modules = next(self.root.glob("usr/lib/*/asterisk/modules"))
        own = {"instance": str(self.inside(self.path)), "modules": str(self.inside(modules))}
        write_configuration(self.path / "etc", {**own, **blanks}, phones, dialplan)
        copy_debians_own(self.root, self.path / "etc")
        write_hold_tone(self.path / "hold")

    def log_tail(self, lines: int) -> str:
        """The last lines that Asterisk wrote to its log or, before that was open, to its console."""
        for written in (self.path / "log" / "asterisk.log", self.console):
            if written.exists() and written.stat().st_size:
                return "\n".join(written.read_text("utf-8", "replace").splitlines()[-lines:])
        return "(nothing was logged)"

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
