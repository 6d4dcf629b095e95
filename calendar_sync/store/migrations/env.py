"""What Alembic runs: the migrations, on the connection and in the transaction it was given (`runner`)."""

from alembic import context

from calendar_sync.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
