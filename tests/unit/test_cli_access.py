"""Who may write in the recordings root, read from modes and groups as the kernel would judge."""

import os
import socket
from pathlib import Path

import pytest

from callguard.checks import access
from callguard.checks.access import Ids
from tests.other_user import NOBODY, as_ordinary_user

GROUP = NOBODY if os.geteuid() == 0 else os.getegid()
STRANGER = Ids("stranger", 54321, frozenset({54321}))
MEMBER = Ids("member", 54321, frozenset({54321, GROUP}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root that belongs to a group, below folders that everybody may enter."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    os.chown(folder, -1, GROUP)
    folder.chmod(0o2770)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(0o711)
    return folder


def test_root_may_do_everything(root: Path) -> None:
    root.chmod(0)
    superuser = Ids("root", 0, frozenset())
    assert access.obstacle(superuser, root) is None
    assert access.may_write(superuser, root)


def test_a_member_of_the_groups_shares_the_root(root: Path) -> None:
    assert access.obstacle(MEMBER, root) is None
    assert access.may_write(MEMBER, root)


def test_a_stranger_cannot_enter(root: Path) -> None:
    assert access.obstacle(STRANGER, root) == f"stranger cannot enter {root}"
    assert not access.may_write(STRANGER, root)


def test_whoever_is_not_in_the_group_could_not_use_the_day_folders(root: Path) -> None:
    """A root that is open to all is not enough: the daemon makes each day's folder for the group alone."""
    root.chmod(0o777)
    assert access.may_write(STRANGER, root)
    assert access.obstacle(STRANGER, root) == f"stranger is not in the group {access._group_name(GROUP)} that {root} has"


def test_a_folder_on_the_way_that_is_closed(root: Path) -> None:
    root.parent.chmod(0o700)
    assert access.obstacle(MEMBER, root) == f"member cannot enter {root.parent}"


def test_the_owner_is_judged_by_his_own_bits(root: Path) -> None:
    """A mode that closes the folder to its owner and opens it to the group closes it to the owner."""
    owner = Ids("owner", MEMBER.uid if os.geteuid() == 0 else os.geteuid(), MEMBER.gids)
    os.chown(root, owner.uid, GROUP)
    root.chmod(0o070)
    assert not access.may_write(owner, root)


def test_the_reading_agrees_with_the_kernel(root: Path) -> None:
    """Every mode of owner, group and others, tried by a real user and by the reading."""
    for mode in range(0o1000):
        root.chmod(mode)
        with as_ordinary_user():
            tried = os.access(root, os.W_OK | os.X_OK, effective_ids=True)
            assert access.may_write(access.own(), root) == tried, oct(mode)


def test_a_process_has_the_groups_it_was_started_with() -> None:
    mine = access.of_process(os.getpid())
    assert mine == access.own()
    assert mine is not None
    assert mine.uid == os.geteuid()


def test_a_process_that_is_gone_has_none() -> None:
    assert access.of_process(2**22 + 1) is None


def test_a_listener_is_known_by_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        program = Path("/proc/self/comm").read_text("utf-8").strip()
        found = access.of_listener(listening.getsockname()[1], "no such program")
        assert found is not None
        assert found.uid == os.geteuid()
        assert access.of_listener(listening.getsockname()[1], program) is not None


def test_a_listener_by_ipv6_is_known_too() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        found = access.of_listener(listening.getsockname()[1], "no such program")
        assert found is not None


def test_a_port_where_nobody_listens_is_nobodys() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert access.of_listener(bound.getsockname()[1], "asterisk") is None


def test_a_user_that_this_machine_does_not_know() -> None:
    assert access.of_user(54321) is None
    assert access._name(54321) == "user 54321"


def test_an_access_list_is_seen(root: Path) -> None:
    """acl(5): one entry for user 54321, as setfacl -m u:54321:rwx writes it."""
    assert not access.has_access_list(root)
    entries = [(0x01, 7, 2**32 - 1), (0x02, 7, 54321), (0x04, 7, 2**32 - 1), (0x10, 7, 2**32 - 1), (0x20, 0, 2**32 - 1)]
    packed = b"".join(tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + who.to_bytes(4, "little") for tag, bits, who in entries)
    os.setxattr(root, "system.posix_acl_access", (2).to_bytes(4, "little") + packed)
    assert access.has_access_list(root)
