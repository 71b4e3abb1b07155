"""What the integration tests share."""

from tests.integration.databases import database, database_url, empty_database, postgresql, sqlite_file

__all__ = ["database", "database_url", "empty_database", "postgresql", "sqlite_file"]
