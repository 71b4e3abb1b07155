"""The rules of the house that no linter knows: where files are removed, where the clock is read, how long things may get."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).parents[2] / "callguard"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
REMOVERS = frozenset({"unlink", "remove", "rmdir", "rmtree", "removedirs"})
WALL_CLOCK = frozenset({("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")})


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions() -> Iterator[tuple[str, int]]:
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def calls_on(path: Path) -> Iterator[tuple[str, str]]:
    """(what stands before the dot, the method) of every call of an attribute."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            yield (owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")), node.func.attr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_one_module_removes_recordings(path: Path) -> None:
    """A file of a person is removed by the sweep's own module, behind its guards, and nowhere else."""
    if path == PACKAGE / "retention" / "files.py":
        return
    removing = {f"{owner}.{method}" for owner, method in calls_on(path) if method in REMOVERS and owner in {"os", "shutil", "path"}}
    assert removing == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_clock_reads_the_clock(path: Path) -> None:
    if path == PACKAGE / "clock.py":
        return
    assert {call for call in calls_on(path) if call in WALL_CLOCK} == set()


def test_functions_stay_short() -> None:
    """Half under 8 lines, nine in ten under 30, none over 60."""
    lengths = sorted(length for _, length in functions())
    assert median(lengths) <= 8
    assert lengths[int(len(lengths) * 0.9) - 1] < 30
    assert [name for name, length in functions() if length > 60] == []


def test_modules_stay_short() -> None:
    """Most under 150 lines, none over 350."""
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > 350} == {}
    assert median(lengths.values()) < 150


def test_every_module_says_what_it_is_for() -> None:
    assert [path.name for path in SOURCES if not ast.get_docstring(tree(path))] == []


def test_no_pattern_makes_a_group_possessive() -> None:
    """Python 3.11.2, that of Debian 12, is wrong there: a header's value took its line end as well, and no event was believed."""
    assert [path.name for path in SOURCES if re.search(r"\)[*+?]\+", path.read_text("utf-8"))] == []
