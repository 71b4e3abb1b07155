"""A list of contract ends is read whole or refused whole, with the lines that are wrong (C6a; issue 4, bad input)."""

from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from callguard import numbers
from callguard.errors import UsageError
from callguard.retention.contracts import ContractList, read_contracts
from callguard.retention.csv_lists import TOLD

PARSE = partial(numbers.parse, region="RO")


def read(folder: Path, content: str | bytes) -> ContractList:
    file = folder / "ends.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_contracts(file, PARSE)


def faults(folder: Path, content: str | bytes) -> list[str]:
    with pytest.raises(UsageError) as refused:
        read(folder, content)
    assert refused.value.exit_status == 2
    return [str(fault.place).removeprefix(f"{folder}/ends.csv") + ": " + fault.message for fault in refused.value.faults]


GOOD = """number,end
0722 000 111,2026-01-31
"+40 213 334 444",running

0040744000111, 2028-02-29\t
"""


@pytest.mark.parametrize("content", [GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD, GOOD.rstrip()])
def test_a_number_may_be_written_in_any_way(tmp_path: Path, content: str) -> None:
    """S15: 0722…, +40722… and 0040722… are one; spreadsheets leave a mark at the beginning and no end of line at the end."""
    assert read(tmp_path, content) == ContractList(
        {"+40722000111": date(2026, 1, 31), "+40213334444": None, "+40744000111": date(2028, 2, 29)}, sha256(content.encode()).hexdigest()
    )


NO_DAY = "has no day for the end: write it as in 2026-01-31, from 1950 to 2199"
LINES = [
    ("0722000111", "has 1 columns and not 2"),
    ("0722000111,2026-01-31,x", "has 3 columns and not 2"),
    ("0722000111,", NO_DAY),
    ("0722000111,2026-01-3", NO_DAY),
    ("0722000111,2026-02-30", NO_DAY),
    ("0722000111,31.01.2026", NO_DAY),
    ("0722000111,2026-W05-6", NO_DAY),
    ("0722000111,20260131", NO_DAY),
    ("0722000111,1899-12-31", NO_DAY),
    ("0722000111,2200-01-01", NO_DAY),
    ("0722000111,Running", NO_DAY),
    ("072200,2026-01-31", "does not begin with a telephone number"),
    ("anonymous,2026-01-31", "does not begin with a telephone number"),
    (",2026-01-31", "does not begin with a telephone number"),
]


@pytest.mark.parametrize(("line", "told"), LINES)
def test_a_line_that_is_wrong_is_told_by_its_number(tmp_path: Path, line: str, told: str) -> None:
    assert faults(tmp_path, f"number,end\n0744000111,2026-01-31\n{line}") == [f":3: {told}"]


def test_all_lines_that_are_wrong_are_told_at_once(tmp_path: Path) -> None:
    content = "number,end\n" + "".join(f"{line}\n" for line, _ in LINES)
    assert faults(tmp_path, content) == [f":{number}: {told}" for number, (_, told) in enumerate(LINES, 2)]


def test_a_number_that_comes_twice_is_told_by_both_lines_and_not_by_itself(tmp_path: Path) -> None:
    """However it is written the second time, and with whatever end."""
    told = faults(tmp_path, "number,end\n0722000111,2026-01-31\n0744000111,running\n+40722000111,2026-01-31\n0040744000111,running\n")
    assert told == [":4: has the number of line 2 again", ":5: has the number of line 3 again"]


@pytest.mark.parametrize(
    "content",
    ["", "\n", "end,number\n", "number;end\n0722000111;2026-01-31\n", "number,end,name\n", "0722000111,2026-01-31\n", "NUMBER,END\n"],
)
def test_other_columns_are_refused(tmp_path: Path, content: str) -> None:
    assert faults(tmp_path, content) == [":1: has other columns than number and end"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"number,end\n0722000111,\xff\n", ":2: is not UTF-8 text"),
        ('number,end\n"0722000111,2026-01-31\n', ":2: is no CSV: unexpected end of data"),
        ('number,end\n0744000111,running\n"0722"000111,2026-01-31\n', ":3: is no CSV: ',' expected after '\"'"),
    ],
)
def test_what_is_no_csv_is_told_by_its_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    assert faults(tmp_path, content) == [told]


def test_a_flood_of_faults_is_counted(tmp_path: Path) -> None:
    told = faults(tmp_path, "number,end\n" + "x\n" * (TOLD + 3))
    assert (len(told), told[-1]) == (TOLD + 1, ": 3 more lines are faulty")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_contracts(tmp_path / "none.csv", PARSE)


def test_a_file_of_any_size_is_no_reason_to_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callguard.retention.csv_lists.LARGEST_BYTES", 20)
    assert faults(tmp_path, GOOD) == [": has more than 20 bytes"]
