"""What ends up in the log, whoever wrote it, and what never does."""

import asyncio
import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import structlog
from hypothesis import given
from hypothesis import strategies as st

from callguard.call.policy import Mode
from callguard.call.state import Number
from callguard.errors import LinkLost
from callguard.logs import configure, report_uncaught
from callguard.redaction import LONGEST_TEXT, redact, redact_text


class Log(io.StringIO):
    """A stream that can be read as the lines it holds."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def only(self) -> dict[str, Any]:
        (line,) = self.lines()
        return line


@pytest.fixture
def log() -> Iterator[Log]:
    """The log of a process that has just been configured; all logging is as before afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("callguard")
    before = list(root.handlers), ours.level
    stream = Log()
    configure("info", "json", stream)
    yield stream
    root.handlers[:] = before[0]
    ours.setLevel(before[1])
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def logger() -> structlog.stdlib.BoundLogger:
    found: structlog.stdlib.BoundLogger = structlog.get_logger("callguard.engine")
    return found


def test_a_line_says_when_what_and_who(log: Log) -> None:
    logger().warning("queue is long", count=4000)

    line = log.only()
    at = datetime.fromisoformat(line.pop("timestamp"))
    assert at.tzinfo == UTC
    assert line == {"level": "warning", "logger": "callguard.engine", "event": "queue is long", "count": 4000}


def test_plain_logging_of_our_own_modules_is_shown_too(log: Log) -> None:
    logging.getLogger("callguard.pbx.ami").warning("AMI link to %s: %s", "main", "no answer to 0722000111")
    assert log.only()["event"] == "AMI link to main: no answer to *****111"


def test_the_level_of_the_settings_holds_and_can_be_changed_by_a_reload(log: Log) -> None:
    logger().debug("one")
    configure("debug", "json", log)
    logger().debug("two")
    assert [line["event"] for line in log.lines()] == ["two"]


def test_console_lines_are_for_people_and_as_discreet(log: Log) -> None:
    configure("info", "console", log)
    logger().info("call\nended", caller="+40722000111", linkedid="1763757443.12")
    line = log.getvalue()
    assert "call ended" in line
    assert "caller=*****111 linkedid=1763757443.12" in line
    assert len(line.splitlines()) == 1


# What others log ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["panoramisk.other", "apscheduler.executors", "sqlalchemy.engine", "asyncio", "alembic", "callguardian"])
def test_of_foreign_loggers_only_name_level_and_exception_type_remain(log: Log, name: str) -> None:
    """C1, S13."""
    try:
        int("hunter2")
    except ValueError:
        logging.getLogger(name).exception("Secret: %s for %s", "hunter2", "0722000111", extra={"sms": "hunter2"})

    line = log.only()
    del line["timestamp"]
    assert line == {"level": "error", "logger": name, "event": "withheld", "error": "ValueError"}


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_foreign_loggers_say_nothing_below_warning_even_when_they_are_set_to(log: Log, level: int) -> None:
    chatty = logging.getLogger("panoramisk.chatty")
    chatty.setLevel(logging.DEBUG)
    chatty.log(level, "Action: Login\r\nSecret: hunter2")
    assert log.getvalue() == ""


def test_an_error_in_an_asyncio_callback_is_reduced(log: Log) -> None:
    async def fail() -> None:
        asyncio.get_running_loop().call_soon(int, "0722000111 hunter2")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(fail())
    line = log.only()
    assert (line["logger"], line["event"], line["error"]) == ("asyncio", "withheld", "ValueError")


def test_a_warning_is_reduced(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        configure("info", "json", log)
        warnings.warn("about 0722000111", stacklevel=1)
    assert log.only()["event"] == "withheld"


def test_sql_parameters_do_not_reach_the_log(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("sqlalchemy.engine"), "level", logging.DEBUG)
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select :number"), {"number": "hunter2"})
    engine.dispose()
    assert log.getvalue() == ""


# Exceptions -----------------------------------------------------------------------------------------------------------------------


def fail_with(secret: str) -> None:
    number = "0722000111"
    try:
        int(number + secret)
    except ValueError as error:
        raise LinkLost(f"link of {number} ended", place="pbx.main") from error


def test_an_exception_of_ours_shows_its_message_and_the_places_but_no_values(log: Log) -> None:
    try:
        fail_with("hunter2")
    except LinkLost:
        logger().exception("a call was lost")

    line = log.only()
    assert line["error"] == "LinkLost"
    assert line["reason"] == "pbx.main: link of *****111 ended"
    assert line["cause"] == "ValueError"
    assert [place.partition(" ")[2] for place in line["trace"]] == [
        "test_an_exception_of_ours_shows_its_message_and_the_places_but_no_values",
        "fail_with",
    ]
    assert line["cause_trace"][0].startswith("unit/test_logs.py:")
    assert "hunter2" not in log.getvalue()
    assert "0722" not in log.getvalue()


def test_of_another_exception_the_message_is_left_out(log: Log) -> None:
    error = ValueError("hunter2 0722000111")
    logger().error("odd", exc_info=error)
    logger().error("odd", error=error)
    logging.getLogger("callguard.x").error("odd", exc_info=(ValueError, error, None))
    assert [line["error"] for line in log.lines()] == ["ValueError", "<ValueError>", "ValueError"]
    assert "hunter2" not in log.getvalue()


def test_an_exception_asked_for_where_there_is_none(log: Log) -> None:
    logger().exception("nothing was wrong")
    assert "error" not in log.only()


def test_a_deep_trace_is_cut_to_its_inner_end(log: Log) -> None:
    def deeper(left: int) -> None:
        if left == 0:
            raise RecursionError
        deeper(left - 1)

    try:
        deeper(100)
    except RecursionError:
        logger().exception("deep")
    assert len(log.only()["trace"]) == 20


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own hooks return after the test."""
    for owner, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    report_uncaught()


@pytest.mark.usefixtures("hooks")
def test_an_error_nobody_caught_in_a_thread_is_a_line(log: Log) -> None:
    thread = threading.Thread(target=int, args=("hunter2",))
    thread.start()
    thread.join(5)
    assert log.only()["error"] == "ValueError"
    assert "hunter2" not in log.getvalue()


@pytest.mark.usefixtures("hooks")
def test_an_error_nobody_caught_at_all_is_a_line(log: Log) -> None:
    try:
        int("hunter2")
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)

    class Unraisable:
        def __del__(self) -> None:
            raise KeyError("hunter2")

    doomed = [Unraisable()]
    doomed.clear()
    assert [(line["level"], line["error"]) for line in log.lines()] == [("critical", "ValueError"), ("critical", "KeyError")]
    assert "hunter2" not in log.getvalue()


# Hostile input --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("+40722000111", "*****111"),
        ("0722 000 111", "*****111"),
        ("0722-000-111, 0733.000.222", "*****111, *****222"),
        ("(0722) 000-111", "(*****111"),
        ("PJSIP/0722000111-0000002a", "PJSIP/*****002a"),
        ("sip:+40722000111@203.0.113.9", "sip:*****111@*****139"),
        ("to 0722\u200b000\u00a0111!", "to *****111!"),
        ("0722\r\n000\x00111", "*****111"),
        ("out-0722000111-101-20261121.wav", "out-*****121.wav"),
        ("extension 201, 6 digits 123456", "extension 201, 6 digits 123456"),
        ("2026-11-21T20:54:26.123Z and 2026/11/21/x.wav", "2026-11-21T20:54:26.123Z and 2026/11/21/x.wav"),
        ("2026/11/21/0722000111.wav", "2026/11/21/*****111.wav"),
        ("2026-11-21T0722000111", "2026-11-21T*****111"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
        ("a" * 31 + "1", "a" * 31 + "1"),
        ("1" * 32, "*****111"),
        ("1763757443.12", "*****312"),
        ('login {"password": "a b"} Secret: hunter2', 'login {"password": [withheld]} Secret: [withheld]'),
        ("postgresql+psycopg://guard:hunter2@db/calls", "postgresql+psycopg://guard:[withheld]@db/calls"),
        ("\x1b[31mred\x07", " [31mred "),
    ],
)
def test_text(written: str, shown: str) -> None:
    assert redact_text(written) == shown


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("linkedid", "1763757443.12", "1763757443.12"),
        ("linkedid", "pbx-a-1763757443.12", "pbx-a-1763757443.12"),
        ("linkedid", "0722000111-1763757443.12", "*****111-1763757443.12"),
        ("linkedid", "1763757443.12 0722000111", "*****111"),
        ("leg", "0722000111", "*****111"),
        ("caller", "1763757443.12", "*****312"),
        ("AMI_Secret", "hunter2", "[withheld]"),
        ("credentials", {"a": "hunter2"}, "[withheld]"),
        ("number", 40722000111, "*****111"),
        ("number", 40722000111.0, "*****111"),
        ("number", -40722000111, "-*****111"),
        ("size", 40722000111, 40722000111),
        ("lag_ms", 1234567.5, 1234567.5),
        ("attempts", 3, 3),
        ("ok", True, True),
        ("nothing", None, None),
        ("expires_at", datetime(2027, 5, 21, 20, 54, 26, tzinfo=UTC), "2027-05-21T20:54:26Z"),
        ("after", timedelta(days=1234567), "*****567 days, 0:00:00"),
        ("path", Path("/spool/2026/11/21/0722000111.wav"), "/spool/2026/11/21/*****111.wav"),
        ("kind", Mode.NOTICE, "notice"),
        ("party", Number("0722 000 111", "+40722000111"), "<Number>"),
        ("body", b"hunter2", "<bytes>"),
        ("numbers", ["+40722000111", {"0722000222": "x", "token": "y"}], ["*****111", {"*****222": "x", "token": "[withheld]"}]),
        ("numbers", ("0722000111",), ["*****111"]),
        ("deep", [[[[["0722000111"]]]]], [[[["<list>"]]]]),
        ("deep", {"a": {"b": {"c": {"d": {}}}}}, {"a": {"b": {"c": {"d": "<dict>"}}}}),
    ],
)
def test_values_by_key(key: str, value: object, shown: object) -> None:
    assert redact(value, key) == shown


def test_a_list_without_end_is_cut() -> None:
    assert len(json.dumps(redact({str(n): ["x"] * 1000 for n in range(1000)}))) < 20_000


def test_something_that_holds_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert redact(loop) == [[[["<list>"]]]]


def test_digits_of_any_script_are_digits() -> None:
    arabic = "".join(chr(0x660 + int(digit)) for digit in "0722000111")
    assert redact_text(arabic) == f"*****{arabic[-3:]}"


def test_two_million_characters_are_cut() -> None:
    assert len(redact_text("x" * 2_000_000)) == LONGEST_TEXT


def test_a_number_at_the_cut_is_not_half_shown() -> None:
    repeated = "0722 000 111, " * 1000
    assert set(redact_text(repeated).split(", ")) <= {"*****111", ""}


@given(st.text(alphabet="+0123456789 ().-/xT:\n", max_size=200))
def test_seven_digits_never_stand_together(text: str) -> None:
    shown = re.sub(r"20\d\d([-/])\d\d\1\d\d(T[\d:.]+)?", "", redact_text(text))
    assert not re.search(r"\d(?:[ ().\-/]?\d){6}", shown)


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text() | st.binary(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_is_logged_is_one_line_of_json(value: object) -> None:
    line = json.dumps(redact(value, "anything"))
    assert "\n" not in line
    json.loads(line)


def test_a_line_that_cannot_be_made_is_told_without_its_content(
    log: Log, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler for handler in root.handlers if getattr(handler, "stream", None) is log])
    logging.getLogger("callguard.x").error("%d", "hunter2 0722000111")
    assert log.getvalue() == ""
    told = json.loads(capsys.readouterr().err)
    assert (told["level"], told["logger"], told["event"]) == ("error", "callguard.x", "a log line could not be written")


def test_a_stream_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch, log: Log) -> None:
    log.close()
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    logger().error("unheard")
