"""The head outside of the database: what is written when, what it shows, and that it never is in the way."""

import io
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard import logs
from callguard.errors import FileFault
from callguard.evidence import entries, heads
from callguard.evidence.chain import Head
from callguard.evidence.configuration import enter_configuration
from callguard.evidence.heads import HeadWatch, heads_file, note_head, noted_heads
from callguard.store.database import Database, open_database
from callguard.store.ledger_rows import append
from callguard.store.records import save_calls
from tests.integration.ledger_place import fill, found_in
from tests.integration.store_values import keep, life
from tests.integration.sweep_place import new_place
from tests.other_user import as_ordinary_user


@pytest.fixture(autouse=True)
def state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where heads of a database on a server go."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root, ours = logging.getLogger(), logging.getLogger("callguard")
    before = list(root.handlers), ours.level
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield stream
    root.handlers[:] = before[0]
    ours.setLevel(before[1])
    logging.captureWarnings(capture=False)


def noted(database: Database) -> list[Head]:
    return [one.head for one in noted_heads(heads_file(database.url))]


def test_the_head_goes_to_a_file_and_to_the_log(database: Database, log: io.StringIO) -> None:
    heads_noted = [note_head(database)]
    fill(database, "c1")
    heads_noted.append(note_head(database))
    assert noted(database) == heads_noted
    assert [head.sequence for head in heads_noted] == [1, 7]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["event"], line["count"], line["hash"]) for line in lines] == [("ledger head", *_of(head)) for head in heads_noted]


def _of(head: Head) -> tuple[int, str]:
    return head.sequence, head.hash


def test_the_log_shows_a_large_count_whole(log: io.StringIO, monkeypatch: pytest.MonkeyPatch, sqlite_file: Database) -> None:
    """Seven digits are a telephone number to the log, unless it is told that they count something."""
    monkeypatch.setattr(heads, "ledger_head", lambda _: Head(12_345_678, "0" * 63 + "a"))
    note_head(sqlite_file)
    line = json.loads(log.getvalue())
    assert (line["count"], line["hash"]) == (12_345_678, "0" * 63 + "a")


@pytest.mark.parametrize("gone", [1, 2])
def test_an_end_that_was_cut_off_with_its_rows_is_missed(database: Database, gone: int) -> None:
    fill(database, "c1")
    with database.write() as connection:
        save_calls(connection, [(None, life(f"d{number}")[3]) for number in range(gone)])
    note_head(database)
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM consents WHERE call_id LIKE 'd%'"))
        connection.execute(sa.text("DELETE FROM ledger WHERE sequence > 7"))
    (only,) = found_in(database).breaks
    assert only.entry == 8
    assert only.message.startswith(f"it and all up to {7 + gone} are gone")


def test_a_sweep_leaves_the_head_behind_it(database: Database, tmp_path: Path) -> None:
    place = new_place(database, tmp_path)
    place.add("a")
    place.sweep()
    (head,) = noted(database)
    found = found_in(database)
    assert (found.head, found.agreed, found.broken) == (head, 1, 0)
    assert found.proven["deletion"] == found.proven["sweep"] == 1


def test_the_daemon_notes_the_head_at_its_start_and_at_its_end(sqlite_file: Database) -> None:
    watch = HeadWatch(sqlite_file)
    watch.start()
    with sqlite_file.write() as connection:
        keep(connection)
    watch.stop()
    assert [head.sequence for head in noted(sqlite_file)] == [1, 4]


@pytest.mark.parametrize(("every", "longest", "written"), [(3, 3600.0, [1, 4, 4]), (1000, 0.0, [1, 4, 4]), (1000, 3600.0, [1, 4])])
def test_it_notes_the_head_after_so_many_entries_or_so_much_time(
    sqlite_file: Database, monkeypatch: pytest.MonkeyPatch, every: int, longest: float, written: list[int]
) -> None:
    monkeypatch.setattr(heads, "LOOK_S", 0.02)
    monkeypatch.setattr(heads, "EVERY", every)
    monkeypatch.setattr(heads, "LONGEST_S", longest)
    watch = HeadWatch(sqlite_file)
    watch.start()
    with sqlite_file.write() as connection:
        keep(connection)
    deadline = time.monotonic() + (0.1 if len(written) == 2 else 5)
    while len(noted(sqlite_file)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    monkeypatch.setattr(heads, "LOOK_S", 5)
    watch.stop()
    assert [head.sequence for head in noted(sqlite_file)] == written


def test_a_database_that_is_away_does_not_end_the_watch(sqlite_file: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(heads, "LOOK_S", 0.01)
    monkeypatch.setattr(heads, "EVERY", 1)
    watch = HeadWatch(sqlite_file)
    watch.start()
    sqlite_file.close()
    (tmp_path / "callguard.db").rename(tmp_path / "away.db")
    time.sleep(0.05)
    sqlite_file.close()
    (tmp_path / "away.db").rename(tmp_path / "callguard.db")
    with sqlite_file.write() as connection:
        append(connection, [entries.consents_removed("c1", "test")])
    deadline = time.monotonic() + 5
    while noted(sqlite_file)[-1].sequence < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    watch.stop()
    assert 2 in [head.sequence for head in noted(sqlite_file)[:-1]]


def test_a_file_that_cannot_be_written_hinders_nobody(sqlite_file: Database, log: io.StringIO) -> None:
    heads_file(sqlite_file.url).mkdir()
    note_head(sqlite_file)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["level"] for line in lines] == ["warning", "info"]
    assert lines[0]["fault"] == "Is a directory"


class TestReading:
    def test_a_line_that_was_cut_off_counts_as_not_written(self, sqlite_file: Database) -> None:
        note_head(sqlite_file)
        file = heads_file(sqlite_file.url)
        file.write_bytes(file.read_bytes() + b"2026-11-22T00:1")
        assert len(noted(sqlite_file)) == 1

    @pytest.mark.parametrize("line", [b"x\n", b"\n", b"\xff\xfe\n", b"2026-11-22T00:12:30.250Z one " + b"0" * 64 + b"\n"])
    def test_lines_of_another_hand_are_told(self, sqlite_file: Database, line: bytes) -> None:
        note_head(sqlite_file)
        file = heads_file(sqlite_file.url)
        file.write_bytes(file.read_bytes() + line)
        with pytest.raises(FileFault, match="did not write"):
            noted(sqlite_file)

    def test_no_file_is_no_heads(self, sqlite_file: Database) -> None:
        assert noted(sqlite_file) == []

    def test_a_file_that_may_not_be_read_is_told(self, reachable_file: Database) -> None:
        note_head(reachable_file)
        heads_file(reachable_file.url).chmod(0o600)
        with as_ordinary_user(), pytest.raises(FileFault, match="Permission denied"):
            noted(reachable_file)


def test_each_database_on_a_server_has_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = [open_database(f"postgresql+psycopg://{rest}").url for rest in ("a:secret@h/one", "b@h/one", "b@h/two", "b@/one?host=/run/x")]
    files = [heads_file(url) for url in urls]
    assert (len(set(files)), files[0] == files[1]) == (3, True)
    monkeypatch.delenv("STATE_DIRECTORY")
    assert heads_file(urls[0]) == Path("/var/lib/callguard", files[0].name)


class TestConfiguration:
    def test_it_is_entered_when_it_is_another_one(self, database: Database, tmp_path: Path) -> None:
        file = tmp_path / "callguard.toml"
        for content in ("[a]\n", "[a]\n", "[b]\n"):
            file.write_text(content)
            enter_configuration(database, file)
        assert found_in(database).head.sequence == 3

    def test_a_file_that_went_away_is_told(self, sqlite_file: Database, tmp_path: Path) -> None:
        """On a reload the daemon says so and goes on with what it has."""
        with pytest.raises(FileFault, match="No such file"):
            enter_configuration(sqlite_file, tmp_path / "none.toml")
