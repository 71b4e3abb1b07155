"""Who was given what and who was refused, in one list; and messages (S10, C10, C1)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from callguard.call.events import MessageSeen
from callguard.call.state import Direction, Number
from callguard.clock import utc_now
from callguard.store.access_listing import list_accesses
from callguard.store.access_rows import Access, enter_access
from callguard.store.database import Database
from callguard.store.message_rows import add_messages
from callguard.store.register_rows import enter
from callguard.store.register_tables import copies, denials, exports
from tests.integration.cli_site import Site, new_site

NOW = utc_now()


def fill(database: Database) -> None:
    """A day after the other: heard, copied by an export, disclosed, exported, refused."""
    at = [NOW + timedelta(days=day) for day in range(5)]
    copy = {"recording_id": "r", "call_id": "c", "mark": "m", "sha256": "s", "recipient": "police", "ground": "g", "reference": "1"}
    with database.write() as connection:
        enter_access(connection, Access("r", "listen", "Ana", "complaint", at[0]))
        enter_access(connection, Access("r", "export", "Ana", "art. 20", at[1]))
        enter(connection, copies, copy | {"way": "disclosure", "reason": "case", "by": "Ion", "at": at[2]})
        told = {"number": "200", "masked": True, "reason": "art. 15", "by": "Ana", "at": at[3]}
        enter(connection, exports, told)
        enter(connection, denials, {"account": "eve", "command": "listen", "at": at[4]})


def ways(database: Database, since: datetime | None = None, limit: int = 100) -> list[tuple[str, str, str]]:
    with database.read() as connection:
        return [(one.way, one.by, one.reason) for one in list_accesses(connection, since, limit)]


def test_all_of_it_is_one_list(database: Database) -> None:
    """S10: each once, the latest first."""
    fill(database)
    everything = [
        ("denied", "eve", "listen"),
        ("export of a person", "Ana", "art. 15"),
        ("disclosure", "Ion", "case"),
        ("listen", "Ana", "complaint"),
    ]
    assert ways(database) == everything
    assert ways(database, limit=2) == everything[:2]
    assert ways(database, since=NOW + timedelta(days=3)) == everything[:2]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        yield made


def test_the_commands(site: Site) -> None:
    assert site.run("accesses").stdout == "nobody was given anything\n"
    assert site.run("messages").stdout == "no messages\n"
    fill(site.database)
    texts = [
        MessageSeen(
            pbx="main",
            direction=Direction.OUTBOUND,
            sender=Number("200", None),
            recipient=Number(f"072200011{one}", f"+4072200011{one}"),
            at=NOW,
            received_at=NOW,
        )
        for one in (1, 2)
    ]
    with site.database.write() as connection:
        add_messages(connection, texts)
    assert [one["way"] for one in site.json("accesses", "--limit", "1")] == ["denied"]
    assert "complaint" in site.run("accesses").stdout
    (text,) = site.json("messages", "--number", "0722 000 112")
    assert (text["sender"], text["recipient"], text["direction"]) == ("200", "+40722000112", "outbound")
    assert len(site.run("messages").stdout.splitlines()) == 3
