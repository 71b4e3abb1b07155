"""What the daemon does beside the calls: warnings, mails and figures, each with its own faults (S14, S15t)."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from callguard import status_file
from callguard.chores import Chores
from callguard.clock import utc_now
from callguard.config import load_settings
from callguard.metrics import Figures
from callguard.rights.incidents import Happened, open_incident
from callguard.rights.person import the_person
from callguard.rights.requests import Asked, open_request
from callguard.rights.terms import Right
from callguard.rights.wishes import Way
from callguard.store.affected_rows import Concerned
from callguard.store.mail_rows import Mail, queue_mail
from tests.integration.cli_site import Site, new_site
from tests.integration.smtp_server import smtp_server
from tests.integration.test_cli_status import status_of

MAIL = '[mail]\nserver = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "callguard@example.com"\nwarn = ["dpo@example.com"]\n'


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with new_site(tmp_path) as made:
        asked = Asked(right=Right.ERASURE, way=Way.POST, received_on=date(2026, 1, 2), reference="1")
        open_request(made.database, the_person("0722000111", "RO"), asked, by="Ana")
        yield made


def configure(site: Site, text: str) -> None:
    with site.config.open("a", encoding="utf-8") as file:
        file.write(text)


def test_the_daemons_thread_warns_and_sends(site: Site) -> None:
    """S15t: a request that is late is mailed to who must answer it."""
    with smtp_server() as place:
        configure(site, MAIL.format(port=place.port))
        chores = Chores(load_settings(site.config), site.database, look_s=0.05)
        chores.start()
        deadline = time.monotonic() + 20
        while not place.box.taken and time.monotonic() < deadline:
            time.sleep(0.02)
        assert chores.stop()
    assert place.box.subjects == ["callguard: request 1: the answer was due by 2026-02-01 22:00Z"]


def test_without_mail_and_metrics_there_is_no_thread(site: Site) -> None:
    chores = Chores(load_settings(site.config), site.database)
    chores.start()
    assert chores.stop()


def test_the_figures(site: Site) -> None:
    """S14: what is due and late, how the daemon is, and which mails were not sent; of nobody."""
    file = site.folder / "callguard.prom"
    configure(site, f'[metrics]\nfile = "{file}"\n')
    settings = load_settings(site.config)
    found = utc_now()
    open_incident(site.database, Happened(nature="x", since=found, until=None, discovered_at=found), Concerned(queue="q"), by="Ana")
    with site.database.write() as connection:
        queue_mail(connection, Mail(key="1", recipient="a@example.com", subject="s", body="b"), found)
    figures = Figures(site.database, settings, file)
    figures(found)
    assert "callguard_calls" not in file.read_text("utf-8")
    status_file.write(status_file.path(settings), status_of(1))
    figures(found + timedelta(hours=1))
    lines = file.read_text("utf-8").splitlines()
    for line in (
        'callguard_deadlines{kind="request",stage="late"} 1.0',
        'callguard_deadlines{kind="incident",stage="near"} 1.0',
        'callguard_deadlines{kind="incident",stage="open"} 1.0',
        'callguard_mails{state="waiting"} 1.0',
        'callguard_link_up{pbx="main"} 0.0',
        "callguard_calls 2.0",
        "callguard_queue 7.0",
    ):
        assert line in lines
    (nearest,) = (line for line in lines if line.startswith("callguard_deadline_seconds"))
    assert float(nearest.split()[1]) < 0


def test_figures_that_cannot_be_written_keep_no_mail_from_being_sent(site: Site) -> None:
    with smtp_server() as place:
        configure(site, MAIL.format(port=place.port) + f'[metrics]\nfile = "{site.folder}/nowhere/callguard.prom"\n')
        with capture_logs() as logs:
            chores = Chores(load_settings(site.config), site.database, look_s=0.05)
            chores.start()
            deadline = time.monotonic() + 20
            while not (place.box.taken and any("Figures" in str(line) for line in logs)) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert chores.stop()
    assert place.box.taken
    assert any("let callguard's user write there" in str(line.get("fault")) for line in logs)
