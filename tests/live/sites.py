"""A site with one daemon on either switch, for tests that are about both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callguard.announcements import Catalogue
from tests.rig.freeswitch_site import freeswitch_site
from tests.rig.site import Site, site


@contextmanager
def open_site(
    switch: str, request: pytest.FixtureRequest, folder: Path, policies: str, catalogue: Catalogue | None = None
) -> Iterator[Site]:
    """Everything but a running daemon, on `asterisk` or `freeswitch`."""
    if switch == "asterisk":
        opened = site(request.getfixturevalue("asterisk_root"), folder, policies, catalogue=catalogue)
    else:
        opened = freeswitch_site(request.getfixturevalue("freeswitch_prefix"), folder, policies, catalogue=catalogue)
    with opened as here:
        yield here


def seal_by_key(here: Site) -> None:
    """From the next start of the daemon on, recordings are sealed with keys below the site's folder."""
    master = here.folder / "master.key"
    master.write_text("5e" * 32, "utf-8")
    master.chmod(0o600)
    named = f'country = "RO"\nmaster_key_file = "{master}"\nkeys = "{here.folder}/keys"'
    here.config.write_text(here.config.read_text("utf-8").replace('country = "RO"', named), "utf-8")
