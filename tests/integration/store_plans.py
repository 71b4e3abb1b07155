"""How SQLite carries out what a query asks."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from callguard.store.database import Database


def plan_of(database: Database, query: Callable[[sa.Connection], object]) -> list[str]:
    """The steps of all statements of the query, as `EXPLAIN QUERY PLAN` names them."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Sequence[object], *_: object) -> None:
        asked.append((statement, parameters))

    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
        sa.event.listen(database._engine, "before_cursor_execute", note)
        query(connection)
        sa.event.remove(database._engine, "before_cursor_execute", note)
        return [
            row[3] for statement, parameters in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def scans(plan: Sequence[str], *tables: str) -> list[str]:
    """The steps that read one of the tables from end to end."""
    return [step for step in plan if step.split()[0] == "SCAN" and step.split()[1] in tables and "USING INDEX" not in step]
