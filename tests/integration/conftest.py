"""What the integration tests share."""

from tests.integration.databases import (
    database,
    database_url,
    empty_database,
    migrated_postgresql,
    migrated_sqlite,
    migrated_url,
    postgresql,
    reachable_file,
    reachable_folder,
    server_database,
    sqlite_file,
)

__all__ = [
    "database",
    "database_url",
    "empty_database",
    "migrated_postgresql",
    "migrated_sqlite",
    "migrated_url",
    "postgresql",
    "reachable_file",
    "reachable_folder",
    "server_database",
    "sqlite_file",
]
