"""The exception tree: the exit statuses of `interface.md`, and errors that survive a trip to another thread or process."""

import copy
import inspect
import json
import pickle

import pytest

from callguard import errors
from callguard.errors import CallguardError, ConfigError, Fault, GuardRefusal, LinkLost, PartialFailure, StoreNewer, UsageError

CLASSES = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, CallguardError)]


@pytest.mark.parametrize(
    ("error", "status"), [(UsageError, 2), (ConfigError, 2), (PartialFailure, 3), (GuardRefusal, 4), (LinkLost, 1), (StoreNewer, 1)]
)
def test_exit_statuses_are_those_promised_to_scripts(error: type[CallguardError], status: int) -> None:
    assert error("…").exit_status == status


@pytest.mark.parametrize("error", CLASSES)
def test_every_class_is_drawn_in_the_tree(error: type[CallguardError]) -> None:
    assert errors.__doc__ is not None
    drawn = errors.__doc__.partition("An error says")[0]
    assert f" {error.__name__} " in drawn


def test_an_error_says_where_what_and_what_to_do() -> None:
    error = StoreNewer("schema 7 was made by a later callguard", place="/var/lib/x.db", remedy="upgrade callguard")

    assert str(error) == "/var/lib/x.db: schema 7 was made by a later callguard (upgrade callguard)"
    assert json.loads(json.dumps([fault.as_json() for fault in error.faults])) == [
        {"message": "schema 7 was made by a later callguard", "place": "/var/lib/x.db", "remedy": "upgrade callguard"}
    ]


def test_what_is_not_known_leaves_no_punctuation_behind() -> None:
    assert str(GuardRefusal("a hold is on it")) == "a hold is on it"


def test_several_faults_are_a_line_each() -> None:
    assert str(ConfigError("2 faults", place="f", faults=[Fault("one", "a"), Fault("two", "b")])) == "a: one\nb: two"


@pytest.mark.parametrize("error", CLASSES)
def test_errors_survive_copying_and_pickling(error: type[CallguardError]) -> None:
    original = error("what", place="where", remedy="how", faults=[Fault("one"), Fault("two")])
    for twin in (copy.copy(original), pickle.loads(pickle.dumps(original))):  # noqa: S301 - our own bytes of a moment ago
        assert type(twin) is error
        assert (twin.message, twin.place, twin.remedy, twin.faults) == ("what", "where", "how", original.faults)
