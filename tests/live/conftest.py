"""What every live test stands on: an Asterisk unpacked in a folder, and a FreeSWITCH where one is installed.

A live test that cannot run fails. Skipped ones would leave the promises of this product unproven behind a green line. The exception are
those that need a FreeSWITCH: Debian has none, so where nobody has installed one they are reported as not run, with the reason.
"""

import os
from pathlib import Path

import pytest

from tests.rig.freeswitch import find_freeswitch

_SANDBOX = Path(__file__).parents[2] / ".sandbox" / "asterisk22"


@pytest.fixture(scope="session")
def asterisk_root() -> Path:
    """The folder that `tests/rig/unpack-asterisk` made: $CALLGUARD_ASTERISK_ROOT, else .sandbox/asterisk22."""
    root = Path(os.environ.get("CALLGUARD_ASTERISK_ROOT") or _SANDBOX)
    if not (root / "usr" / "sbin" / "asterisk").exists():
        pytest.fail(f"no Asterisk in {root}: run `make test`, which unpacks one")
    if os.geteuid() != 0:
        pytest.fail("the private Asterisk starts by chroot, which needs root: run `make test` as root")
    return root


@pytest.fixture(scope="session")
def freeswitch_prefix() -> Path:
    """Where FreeSWITCH is installed: $CALLGUARD_FREESWITCH, else where the `freeswitch` on PATH is."""
    prefix = find_freeswitch()
    if prefix is None:
        pytest.skip("not run: no FreeSWITCH is installed here; $CALLGUARD_FREESWITCH names the prefix of one")
    return prefix
