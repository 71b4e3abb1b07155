"""Alembic's environment: run the revisions on the connection, and in the transaction, of :func:`callguard.store.migration.migrate`."""

from alembic import context

from callguard.store.all_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
