"""How long a reconciliation takes and how much memory it needs: `python -m tests.bench.reconcile_speed [FILES] [ROWS]`, a JSON document.

So many recordings in order, each a row and a file of :data:`BYTES` bytes, spread over a year's folders; rows beyond the files are of
recordings that are known to be missing, which costs a look at their place as well. `seconds` is a dry run, `added_mb` the peak of the
process that does it, less what it had when it began. To make a million files takes longer than to compare them, and to remove them too.
"""

import json
import subprocess
import sys
import time
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from callguard.clock import utc_now
from callguard.evidence.keys import KeyStore
from callguard.retention.comparing import compare
from callguard.retention.differences import Side
from callguard.retention.marker import mark_root
from callguard.retention.reconciling import Count
from callguard.store.database import open_database
from callguard.store.types import to_millis
from tests.bench.sweep_speed import on_disk
from tests.integration.sweep_place import DUE, STARTED, Place

FILES: Final = 100_000
ROWS: Final = 1_000_000
BYTES: Final = 64
DAYS: Final = 365

_CONTENT = bytes(BYTES)


def main() -> None:
    """Measure on a disk."""
    files, rows = (int(asked) for asked in (*sys.argv[1:], str(FILES), str(ROWS))[:2])
    sys.stdout.write(json.dumps(figures(files, rows), indent=2) + "\n")


def figures(files: int = FILES, rows: int = ROWS) -> dict[str, float]:
    """Of a process of its own, since memory that was used once is not given back."""
    with on_disk() as place:
        mark_root(place.database, place.root)
        fill(place, files, rows)
        command = [sys.executable, "-c", "from tests.bench.reconcile_speed import compared; compared()", str(place.root.parent)]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout)
    if (found["rows"], found["files"], found["differences"]) != (rows, files, 0):
        raise AssertionError(found)
    return found


def fill(place: Place, files: int, rows: int) -> None:
    """Rows by the ten thousand, files one by one."""
    insert = (
        "INSERT INTO recordings (id, call_id, position, leg, channel, path, status, requested_at, expires_at, policy_version, size, "
        "sha256) VALUES (?, 'c', 0, '1.1', 'PJSIP/a-1', ?, ?, ?, ?, 'p1', ?, ?)"
    )
    started, due, told = to_millis(STARTED), to_millis(DUE), sha256(_CONTENT).hexdigest()
    for block in range(0, rows, 10_000):
        numbers = range(block, min(block + 10_000, rows))
        values = [
            (f"r{number}", path(number, rows), "stopped" if number < files else "missing", started, due + number, BYTES, told)
            for number in numbers
        ]
        with place.database.write() as connection:
            connection.exec_driver_sql(insert, values)
    for number in range(files):
        file = place.root / path(number, rows)
        if number == 0 or path(number - 1, rows).rpartition("/")[0] != path(number, rows).rpartition("/")[0]:
            file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_CONTENT)


def path(number: int, rows: int) -> str:
    """A folder for each day."""
    day = STARTED + timedelta(days=number * DAYS // rows)
    return f"{day:%Y/%m/%d}/r{number}.wav"


def compared() -> None:
    """In the process that is measured: one comparison."""
    folder = Path(sys.argv[1])
    database = open_database(f"sqlite:///{folder}/callguard.db")
    comparison = compare(database, folder / "recordings", KeyStore(folder / "keys"), None, utc_now(), thorough=False)
    count, before, begun = Count(), _peak_mb(), time.perf_counter()
    differences = sum(1 for _ in comparison.differences(count.look))
    found: dict[str, float] = {"rows": count.looked_at[Side.ROW], "files": count.looked_at[Side.FILE], "differences": differences}
    found |= {"seconds": time.perf_counter() - begun, "added_mb": _peak_mb() - before, "peak_mb": _peak_mb()}
    sys.stdout.write(json.dumps(found))


def _peak_mb() -> float:
    """Since this program was loaded; what getrusage(2) tells is that of its parent as well."""
    (line,) = (line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
