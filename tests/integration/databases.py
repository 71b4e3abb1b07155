"""Both databases for real: an SQLite file, and a private PostgreSQL in a folder, on a unix socket and without TCP.

`database_url` and `migrated_url` name a database of its own for each test, once of each kind; `empty_database` and `database` are those
open. `sqlite_file` and `server_database` are migrated ones of one kind.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from callguard.store.database import Database, open_database
from callguard.store.migration import migrate

_STARTS_WITHIN_S = 20
_ENDS_WITHIN_S = 10


class PrivatePostgresql:
    """A server that belongs to this run of the tests; its superuser is `postgres`."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        self._made = 0

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """The name of a new database, as empty as the template."""
        self._made += 1
        name = f"callguard_{self._made}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """One statement as the superuser, outside of a transaction."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run the server until the end of the block."""
        arguments: list[str | Path] = [
            "-D",
            self.folder / "data",
            "-k",
            self.folder,
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
            "-c",
            "max_connections=50",
        ]
        with (self.folder / "log").open("ab") as log:
            server = subprocess.Popen([self.programs / "postgres", *arguments], stdout=log, stderr=log, **_as_owner())
        try:
            self._wait(server)
            yield
        finally:
            server.send_signal(2)  # "fast": it does not wait for its clients
            server.wait(_ENDS_WITHIN_S)

    def initialise(self) -> None:
        arguments: list[str | Path] = [
            "-D",
            self.folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        subprocess.run([self.programs / "initdb", *arguments], check=True, capture_output=True, timeout=60, **_as_owner())

    @property
    def _conninfo(self) -> str:
        return f"host={self.folder} user=postgres dbname=postgres"

    def _wait(self, server: "subprocess.Popen[Any]") -> None:
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while server.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self._conninfo).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())


def _as_owner() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam("postgres")
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _programs() -> Path | None:
    """Debian keeps them out of the path, by version."""
    found = shutil.which("initdb")
    versions = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return versions[-1] if versions else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PrivatePostgresql]:
    """The server, for all tests of a run."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed; tests/rig/install-packages installs one")
    folder = Path(tempfile.mkdtemp(prefix="callguard-pg-"))  # a socket's path must be short, and its owner must get there
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = PrivatePostgresql(folder, programs)
    try:
        server.initialise()
        with server.serving():
            yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy: migrating anew for each test takes longer than the tests."""
    file = tmp_path_factory.mktemp("migrated") / "callguard.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PrivatePostgresql) -> str:
    """The database to copy, by name."""
    name = postgresql.create()
    _migrate(postgresql.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database, once for each kind; SQLite's file is not there yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('tmp_path') / 'callguard.db'}"
    else:
        yield from _on_server(request.getfixturevalue("postgresql"))


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database, once for each kind."""
    if request.param == "sqlite":
        yield _copied(request.getfixturevalue("migrated_sqlite"), request.getfixturevalue("tmp_path"))
    else:
        yield from _on_server(request.getfixturevalue("postgresql"), request.getfixturevalue("migrated_postgresql"))


@pytest.fixture
def empty_database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """An open database without any table, once for each kind."""
    if database_url.startswith("sqlite"):
        (tmp_path / "callguard.db").touch()
    with closing(open_database(database_url)) as opened:
        yield opened


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """A migrated database, once for each kind."""
    with closing(open_database(migrated_url)) as opened:
        yield opened


@pytest.fixture
def sqlite_file(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated database in a file."""
    with closing(open_database(_copied(migrated_sqlite, tmp_path))) as opened:
        yield opened


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    """A folder that other users may enter; pytest's own is shut to them."""
    with tempfile.TemporaryDirectory(prefix="callguard-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def reachable_file(migrated_sqlite: Path, reachable_folder: Path) -> Iterator[Database]:
    """A migrated database in that folder, which others may read and nobody but its owner may write."""
    with closing(open_database(_copied(migrated_sqlite, reachable_folder))) as opened:
        (reachable_folder / "callguard.db").chmod(0o644)
        yield opened


@pytest.fixture
def server_database(postgresql: PrivatePostgresql, migrated_postgresql: str) -> Iterator[Database]:
    """A migrated database on the server."""
    for url in _on_server(postgresql, migrated_postgresql):
        with closing(open_database(url)) as opened:
            yield opened


def _migrate(url: str) -> None:
    with closing(open_database(url)) as opened:
        migrate(opened)


def _copied(file: Path, folder: Path) -> str:
    shutil.copy(file, folder / "callguard.db")
    return f"sqlite:///{folder / 'callguard.db'}"


def _on_server(server: PrivatePostgresql, template: str = "template1") -> Iterator[str]:
    name = server.create(template)
    yield server.url(name)
    server.drop(name)
