"""Both databases for real: an SQLite file, and a private PostgreSQL in a folder, on a unix socket and without TCP.

`database_url` names an empty database of its own for each test; `empty_database` is that one open, `database` migrated as well.
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

    def create(self) -> str:
        """The name of a new, empty database."""
        self._made += 1
        name = f"callguard_{self._made}"
        self.run(f"CREATE DATABASE {name}")
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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database, once for each kind."""
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        yield f"sqlite:///{folder / 'callguard.db'}"
        return
    server: PrivatePostgresql = request.getfixturevalue("postgresql")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def empty_database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """An open database without any table, once for each kind."""
    if database_url.startswith("sqlite"):
        (tmp_path / "callguard.db").touch()
    with closing(open_database(database_url)) as opened:
        yield opened


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database, once for each kind."""
    with closing(open_database(database_url)) as opened:
        migrate(opened)
        yield opened


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Iterator[Database]:
    """A migrated database in a file."""
    with closing(open_database(f"sqlite:///{tmp_path / 'callguard.db'}")) as opened:
        migrate(opened)
        yield opened
