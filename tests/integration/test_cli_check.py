"""`check` against PBXs of every temper: a clear line for each thing that is amiss, with the remedy, in bounded time."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import callguard
from callguard.checks.pbx import ACTIONS, CONTEXTS
from callguard.checks.report import Check, Outcome
from tests.integration.ami_server import FULLY_BOOTED, GREETING, SECRET, USERNAME, AmiServer, Connection, Received
from tests.integration.cli_site import Site, unaltered
from tests.integration.healthy_pbx import Healthy, built_site, checked, point

PEM = Path(__file__).with_name("ami_tls.pem")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with built_site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def site(built: Site) -> Iterator[Site]:
    with unaltered(built) as same:
        yield same


class OnlyGreets(AmiServer):
    """Answers nothing, not even the login."""

    def _answer(self, connection: Connection, action: Received) -> None:
        """Nothing."""


def asked(site: Site, pbx: Callable[[Connection, Received], None], after_login: bytes = FULLY_BOOTED) -> dict[str, Check]:
    """What is said of that PBX."""
    with AmiServer(pbx, after_login=after_login) as running:
        point(site, running.port)
        return checked(site)


def failed(checks: dict[str, Check]) -> set[str]:
    return {name for name, one in checks.items() if one.outcome is Outcome.FAILED}


def test_a_machine_and_a_pbx_in_order(site: Site) -> None:
    """Everything there is to check, and nothing amiss. By whom the port is served can only be told of an Asterisk, so that stays open."""
    with AmiServer(Healthy(site)) as running:
        point(site, running.port)
        document = site.json("check")
    outcomes = {one["check"]: one["outcome"] for one in document["checks"]}
    assert document["ok"] is True
    assert outcomes.pop("daemon") == "not checked"
    assert outcomes.pop("recordings root, open to the PBX") in {"ok", "not checked"}
    assert outcomes.pop("storage") == "warning"  # plain, as this site has no master key
    assert set(outcomes.values()) == {"ok"}
    assert {"configuration", "database", "free space", "AMI login", "AMI actions", "dialplan", "heartbeat", "clock"} <= outcomes.keys()
    assert document["checks"][0] == {
        "check": "configuration",
        "place": str(site.config),
        "outcome": "ok",
        "message": "read, and without fault",
        "remedy": None,
    }
    assert [path.name for path in site.root.glob(".*")] == [".callguard-root"], "the probe was left behind"


def test_what_is_amiss_ends_the_command_with_1(site: Site) -> None:
    with AmiServer(Healthy(site, ahead_s=60)) as running:
        point(site, running.port)
        document = site.json("check", status=1)
    assert document["ok"] is False
    assert [one["check"] for one in document["checks"] if one["outcome"] == "failed"] == ["clock"]


def test_people_read_a_line_each(site: Site) -> None:
    with AmiServer(Healthy(site)) as running:
        point(site, running.port)
        done = site.run("check")
    assert done.returncode == 0
    assert f"ok           AMI login (pbx main): let in as {USERNAME}" in done.stdout.splitlines()
    assert done.stderr == ""


class TestLogin:
    """A line that says what is wrong, and what to write instead."""

    def _login(self, site: Site) -> tuple[str, str]:
        checks = checked(site)
        assert failed(checks) == {"AMI login"}
        assert "dialplan" not in checks
        return checks["AMI login"].message, checks["AMI login"].remedy

    def test_wrong_secret(self, site: Site) -> None:
        with AmiServer(Healthy(site), secret=f"not {SECRET}") as server:
            point(site, server.port)
            message, remedy = self._login(site)
            assert len(server.connections) == 1, "one attempt: a PBX that bans guessers must not ban the daemon for a check"
        assert "Authentication failed" in message
        assert "compare name, secret, permit and deny in manager.conf" in remedy
        assert SECRET not in message + remedy

    def test_no_secret(self, site: Site) -> None:
        (site.folder / "ami.secret").chmod(0o644)
        message, remedy = self._login(site)
        (site.folder / "ami.secret").chmod(0o640)
        assert message == f"pbx.main.secret_file: {site.folder}/ami.secret can be read by everybody"
        assert remedy == f"chmod 0640 {site.folder}/ami.secret"

    def test_nobody_listens(self, site: Site) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            point(site, listener.getsockname()[1])
            message, remedy = self._login(site)
        assert message == "cannot connect (ConnectionRefusedError)"
        assert "check host and port" in remedy

    def test_something_else_listens(self, site: Site) -> None:
        with AmiServer(greeting=b"220 mail.example ESMTP\r\n") as server:
            point(site, server.port)
            message, remedy = self._login(site)
        assert message == "what answers there does not greet as AMI does"
        assert "write the port of AMI" in remedy

    def test_nothing_is_said(self, site: Site) -> None:
        with AmiServer(greeting=b"") as server:
            point(site, server.port)
            message, remedy = self._login(site)
        assert message == "no AMI greeting within 3 s (wrong port, or one that expects TLS)"
        assert "tls = true only for its TLS port" in remedy

    def test_tls_to_a_plain_port(self, site: Site) -> None:
        with AmiServer(Healthy(site)) as server:
            point(site, server.port, "tls = true")
            message, remedy = self._login(site)
        assert message == "the port does not speak TLS"
        assert "write tls = false" in remedy

    def test_a_certificate_that_nobody_trusts(self, site: Site) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        with AmiServer(Healthy(site), tls=context) as server:
            point(site, server.port, "tls = true")
            message, remedy = self._login(site)
        assert "certificate is not trusted" in message
        assert "SSL_CERT_FILE" in remedy

    def test_nonsense_after_the_greeting(self, site: Site) -> None:
        with AmiServer(greeting=GREETING + b"\xff\xfe\x00 what?\r\n\r\n" * 100 + b"x" * (2 << 20)) as server:
            point(site, server.port)
            message, _ = self._login(site)
        assert message == "the PBX sent a message of more than 1048576 bytes"

    def test_no_answer_to_the_login(self, site: Site) -> None:
        with OnlyGreets() as server:
            point(site, server.port)
            message, _ = self._login(site)
        assert "no answer within 3 s" in message


def test_a_pbx_that_stops_answering_ends_its_checks_once(site: Site) -> None:
    """One line, not one for each question and not the time of all of them."""
    healthy = Healthy(site)

    def until_the_dialplan(connection: Connection, action: Received) -> None:
        if "DIALPLAN" not in action.headers.get("variable", ""):
            healthy(connection, action)

    checks = asked(site, until_the_dialplan)
    assert checks["clock"].outcome == "ok"
    assert checks["AMI login"].outcome == "failed"
    assert checks["AMI login"].message == "Getvar: no answer within 3 s"
    assert "heartbeat" not in checks


def test_missing_classes_are_named(site: Site) -> None:
    """Without `agi` and `system` in write=, the PBX does not list what those allow."""
    healthy = Healthy(site, actions={*ACTIONS} - {"AGI", "MixMonitor"})
    checks = asked(site, healthy)
    assert checks["AMI actions"].outcome == "failed"
    assert checks["AMI actions"].message == "may not perform AGI, MixMonitor: the class agi, system or a module is missing"
    assert checks["AMI actions"].remedy.startswith("write = system,call,agi,originate below the user in manager.conf")


def test_what_may_not_be_asked_is_not_called_good(site: Site) -> None:
    healthy = Healthy(site, actions={*ACTIONS} - {"Getvar"})
    checks = asked(site, healthy)
    for name in ("dialplan", "heartbeat", "AMI events", "recordings root, the same for both"):
        assert (checks[name].outcome, checks[name].message) == ("not checked", "Getvar: Permission denied")


def test_more_rights_than_needed_are_a_warning(site: Site) -> None:
    """S13: whoever has the secret of a user with `command` has the PBX."""
    healthy = Healthy(site, actions={*ACTIONS, "Command", "UpdateConfig"})
    checks = asked(site, healthy)
    assert checks["AMI actions"].outcome == "warning"
    assert checks["AMI actions"].message == "may also perform Command, UpdateConfig"
    assert "take command, config out of write=" in checks["AMI actions"].remedy


@pytest.mark.parametrize(
    ("read", "outcome", "words"),
    [
        ("all", "ok", "all classes"),
        ("system, call ,agi,dtmf,user", "ok", "all classes"),
        ("system,call,user", "failed", "without agi: no call is handed to callguard; without dtmf: withdrawal by key is not seen"),
        ("", "not checked", "nothing of read="),
    ],
)
def test_events_that_the_user_does_not_get(site: Site, read: str, outcome: str, words: str) -> None:
    healthy = Healthy(site, values={f"AST_CONFIG(manager.conf,{USERNAME},read,-1)": read})
    checks = asked(site, healthy)
    assert checks["AMI events"].outcome == outcome
    assert words in checks["AMI events"].message


def test_a_login_that_is_not_told_that_the_pbx_is_up(site: Site) -> None:
    """`system` stands in the file, and was not loaded: seen by what does not come."""
    checks = asked(site, Healthy(site), after_login=b"")
    assert checks["AMI events"].outcome == "failed"
    assert "manager reload" in checks["AMI events"].remedy


@pytest.mark.parametrize("written", ["", "no", "false"])
def test_events_without_a_time(site: Site, written: str) -> None:
    checks = asked(site, Healthy(site, values={"AST_CONFIG(manager.conf,general,timestampevents,-1)": written}))
    assert failed(checks) == {"event times"}
    assert "timestampevents = yes" in checks["event times"].remedy


@pytest.mark.parametrize(
    ("ahead_s", "outcome", "words"),
    [(1.5, "ok", "ahead"), (-1.5, "ok", "behind"), (60.0, "failed", "ahead"), (-60.0, "failed", "behind")],
)
def test_a_clock_that_runs_apart(site: Site, ahead_s: float, outcome: str, words: str) -> None:
    checks = asked(site, Healthy(site, ahead_s=ahead_s))
    assert checks["clock"].outcome == outcome
    assert words in checks["clock"].message


def test_a_dialplan_that_does_not_know_callguard(site: Site) -> None:
    missing = {f"DIALPLAN_EXISTS(callguard-{name},s,1)": "0" for name in ("inbound", "outbound")}
    checks = asked(site, Healthy(site, values=missing))
    assert checks["dialplan"].outcome == "failed"
    assert checks["dialplan"].message == "no callguard-inbound, callguard-outbound"
    assert "#include callguard.conf" in checks["dialplan"].remedy


def test_no_heartbeat_while_no_daemon_runs_is_no_fault(site: Site) -> None:
    checks = asked(site, Healthy(site, values={"CALLGUARD_UNTIL": "1795296360"}))
    assert checks["heartbeat"].outcome == "not checked"


def test_a_folder_that_the_pbx_sees_elsewhere(site: Site) -> None:
    checks = asked(site, Healthy(site, shared=False))
    assert checks["recordings root, the same for both"].outcome == "failed"
    assert "mount one folder on both" in checks["recordings root, the same for both"].remedy
    assert checks["announcements, the same folder for both"].outcome == "failed"


def test_a_pbx_without_functions_to_ask_by(site: Site) -> None:
    """No func_config and no func_dialplan: told as not checked, with the module to load, and nothing fails for it."""
    gone = {f"DIALPLAN_EXISTS(callguard-{name},s,1)": "" for name in ("inbound", "outbound", "message")}
    checks = asked(site, Healthy(site, values={**gone, "AST_CONFIG(manager.conf,general,enabled,-1)": ""}))
    for name in ("AMI events", "event times", "dialplan", "recordings root, the same for both", "announcements, the same folder for both"):
        assert checks[name].outcome == "not checked"
        assert "load the module func_" in checks[name].remedy


def test_the_actions_that_are_checked_are_those_that_are_used() -> None:
    """Whoever teaches the daemon another action has to say which class it needs."""
    sources = "".join(one.read_text("utf-8") for one in (Path(callguard.__file__).parent / "pbx").glob("*.py"))
    assert set(re.findall(r'AmiAction\(\s*"(\w+)"', sources)) - {"Ping"} == ACTIONS.keys()


def test_the_contexts_that_are_checked_are_those_that_the_dialplan_has() -> None:
    """All but the one that only callguard's own contexts go to."""
    dialplan = Path(callguard.__file__).parents[1] / "dialplan" / "asterisk" / "callguard.conf"
    assert set(re.findall(r"^\[([a-z-]+)\]", dialplan.read_text("utf-8"), re.MULTILINE)) - {"callguard-facts"} == set(CONTEXTS)
