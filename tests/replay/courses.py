"""The recorded calls of both switches under one kind of name: `asterisk/NAME` and `freeswitch/NAME`."""

from pathlib import Path

from tests.replay import esl_fixtures, fixtures
from tests.replay.course import Course, course
from tests.replay.esl_course import esl_course


def names() -> list[str]:
    """All of them."""
    return [f"asterisk/{name}" for name in fixtures.names()] + [f"freeswitch/{name}" for name in esl_fixtures.names()]


def course_of(name: str) -> Course:
    """The course of the fixture of that name, made once."""
    switch, _, scenario = name.partition("/")
    return course(scenario) if switch == "asterisk" else esl_course(scenario)


def expectation(name: str) -> Path:
    """Where it is written what the fixture comes to."""
    switch, _, scenario = name.partition("/")
    return (fixtures.FOLDER if switch == "asterisk" else esl_fixtures.FOLDER) / f"{scenario}.expected.json"
