"""`import contracts`, `retention` and `retag` as they are typed (C6a, S8)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from callguard.store.listing import list_recordings
from callguard.store.retag_tables import retags
from callguard.store.tables import contracts
from tests.integration.cli_site import Site, inbound, new_site, recording

LIST = "number,end\n0722 000 111,2025-12-31\n0213334444,running\n"
AFTER = "2029-08-31T21:00:00Z"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with new_site(tmp_path) as made:
        made.add(inbound("ca11", recordings=[recording("r-a", "ca11")]), inbound("ca12"))
        (tmp_path / "ends.csv").write_text(LIST, "utf-8")
        yield made


def rows(site: Site) -> int:
    with site.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(contracts)).scalar_one()


def test_contract_ends_are_imported_and_obeyed(site: Site) -> None:
    """C6a: the company's own contract goes on, so its calls stay and are listed; when it ends, they go."""
    ends = site.folder / "ends.csv"
    assert site.json("import", "contracts", str(ends)) == {"new": 2, "changed": 0, "unchanged": 0, "records": 0}
    assert site.json("retention")["undated"] == 2
    site.json("sweep", "--as-of", "2026-09-01")
    told = site.json("retention")
    assert told["undated"] == 0
    assert [(one["number"], one["records"], one["since"], one["rule"]) for one in told["without_end"]] == [
        ("+40722000111", 2, "2026-08-31T09:30:00.250Z", "3 years from the end of the contract; a contract of its numbers goes on"),
    ]
    assert told["rules"][0] == {
        "kind": "recording",
        "policy": "inbound",
        "term": "6 months from the start of the call",
        "floor": "1 day",
        "ceiling": "10 years",
    }
    ends.write_text(LIST.replace("running", "2025-06-30"), "utf-8")
    assert site.json("import", "contracts", str(ends)) == {"new": 0, "changed": 1, "unchanged": 1, "records": 2}
    swept = site.json("sweep", "--as-of", AFTER)
    assert [(one["kind"], one["recording"], one["verdict"]) for one in swept["verdicts"]] == [
        ("recording", "r-a", "delete"),
        ("cdr", None, "delete"),
        ("cdr", None, "delete"),
    ]
    assert (swept["deleted"], site.json("calls")) == (3, [])


def test_a_list_with_a_fault_imports_nothing(site: Site) -> None:
    """Issue 4, bad input: refused as a whole with line numbers."""
    ends = site.folder / "ends.csv"
    ends.write_text(LIST + "0744000111,2025-1", "utf-8")
    done = site.run("import", "contracts", str(ends))
    assert (done.returncode, done.stdout, rows(site)) == (2, "", 0)
    assert done.stderr.splitlines()[0].startswith(f"callguard: {ends}:4: has no day for the end")
    assert "0744" not in done.stderr.splitlines()[0]


def test_people_read_what_holds(site: Site) -> None:
    lines = site.run("retention").stdout.splitlines()
    assert lines[0].split() == ["kind", "policy", "kept", "for", "floor", "ceiling"]
    assert [line.split()[0] for line in lines[1:6]] == ["recording", "recording", "cdr", "sms", "consent"]
    assert lines[-3:] == ["nothing", "", "2 records are dated at the next sweep"]
    assert "new                 2" in site.run("import", "contracts", str(site.folder / "ends.csv")).stdout


POLICY = """
[policy.inbound]
direction = "inbound"
mode = "notice"
retention = "{retention}"
billing = true
cdr = {{ anchor = "call-start", period = "4 years" }}
"""


def write_policy(site: Site, retention: str, more: str = "") -> None:
    plain = site.config.read_text("utf-8").partition("\n[policy")[0]
    site.config.write_text(plain + POLICY.format(retention=retention) + more, "utf-8")


def test_a_changed_policy_is_shown_and_applied(site: Site) -> None:
    write_policy(site, "1 year")
    planned = site.json("retag", "--dry-run")
    assert planned["verdicts"] == [
        {
            "kind": "recording",
            "record": "r-a",
            "verdict": "change",
            "reason": "from 2027-02-28T09:30:00.250Z to 2027-08-31T09:30:00.250Z: 1 year from the start of the call",
            "from": "2027-02-28T09:30:00.250Z",
            "to": "2027-08-31T09:30:00.250Z",
        }
    ]
    assert [one["expires_at"] for one in site.json("recordings")] == ["2027-02-28T09:30:00.250Z"]
    done = site.run("retag", "--by", "Ana Pop")
    with site.database.read() as connection:
        assert connection.scalars(sa.select(retags.c.by)).all() == ["Ana Pop"]
    assert done.stdout.splitlines() == [
        f"change  recording  r-a  {planned['verdicts'][0]['reason']}",
        "1 changed, 0 kept, 0 refused, 0 same; 0 failed",
    ]
    assert [one["expires_at"] for one in site.json("recordings")] == ["2027-08-31T09:30:00.250Z"]
    again = site.json("retag")
    assert (again["changed"], again["same"], again["verdicts"]) == (0, 1, [])
    kinds = [line.split()[0] for line in site.run("retention").stdout.splitlines() if line]
    assert kinds[1:4] == ["recording", "cdr", "billing"]


def test_one_that_cannot_be_tagged_stops_none_of_the_rest(site: Site) -> None:
    """Status 3, and which."""
    site.add(inbound("ca13", recordings=[recording("r-b", "ca13")]))
    (site.root / "2026/08/31/r-a.wav").unlink()
    write_policy(site, "1 year")
    done = site.run("retag")
    assert done.returncode == 3
    assert done.stderr.splitlines()[0] == "callguard: recording r-a: its file cannot be tagged: No such file or directory"
    assert done.stdout.splitlines()[-1] == "1 changed, 0 kept, 0 refused, 0 same; 1 failed"


def test_shorter_than_the_floor_is_refused_before_anything_is_looked_at(site: Site) -> None:
    write_policy(site, "1 month", '\n[retention.recording]\nfloor = "3 months"\n')
    done = site.run("retag")
    assert (done.returncode, done.stdout) == (2, "")
    assert "policy.inbound.retention: of 1 month may end before the floor of 3 months" in done.stderr
    assert [one["expires_at"] for one in site_recordings(site)] == ["2027-02-28T09:30:00.250000+00:00"]


def site_recordings(site: Site) -> list[dict[str, str]]:
    """From the database itself: with that configuration no command lists them."""
    with site.database.read() as connection:
        return [{"expires_at": one.expires_at.isoformat()} for one in list_recordings(connection)]
