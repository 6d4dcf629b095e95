"""What Alembic knows of a store: from which version to which, and why not."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.store.migrations.runner import NO_STORE
from calendar_sync.store.tables import metadata

_NEWER = "The store was made by a newer version of calendar-sync: install that version, or a later one."
_OLDER = "The store is of an older version: run `calendar-sync migrate`."
_FOREIGN = "The database holds tables of another program: give calendar-sync a database of its own."


def upgrade(connection: Connection) -> None:
    """Bring a store to the newest version. Raises `StoreUnavailable`."""
    ours = alembic_config(connection)
    _expect_ours(connection, ours)
    command.upgrade(ours, "head")


def refuse(connection: Connection) -> None:
    """Say why a store that is not of the newest version cannot be used. Always raises `StoreUnavailable`."""
    _expect_ours(connection, alembic_config(connection))
    raise StoreUnavailable(_OLDER if _heads(connection) else NO_STORE)


def refuse_unless_newer(connection: Connection) -> None:
    """The same, but for a store of a newer version. Raises `StoreUnavailable` or returns."""
    if not _is_newer(connection, alembic_config(connection)):
        refuse(connection)


def newest(connection: Connection) -> str | None:
    """The version that the migrations lead to."""
    return ScriptDirectory.from_config(alembic_config(connection)).get_current_head()


def alembic_config(connection: Connection) -> Config:
    """Where the migrations are, for Alembic to run on `connection`."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "calendar_sync.store:migrations")
    return config


def _heads(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _expect_ours(connection: Connection, config: Config) -> None:
    if _is_newer(connection, config):
        raise StoreUnavailable(_NEWER)
    if not _heads(connection) and metadata.tables.keys() & set(inspect(connection).get_table_names()):
        raise StoreUnavailable(_FOREIGN)


def _is_newer(connection: Connection, config: Config) -> bool:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    return bool(_heads(connection) - known)
