"""A migration that takes something away, or asks for something new, is found unless it says why nobody is harmed."""

from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from calendar_sync.store import migrations
from calendar_sync.store.migrations import check
from calendar_sync.store.migrations.expansion import contractions
from calendar_sync.store.migrations.runner import CURRENT
from calendar_sync.store.migrations.versioning import alembic_config
from tests.databases import PostgreSQL, a_migrated_file

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "9999_next"
down_revision = "{before}"
branch_labels = None
depends_on = None
{more}

def upgrade():
    with op.batch_alter_table("users") as users:
        {upgrade}
"""


async def found(folder: Path, upgrade: str, more: str = "") -> list[str]:
    """What is found in a migration, the next after those there are, that does `upgrade`."""
    (folder / "9999_next.py").write_text(MIGRATION.format(before=CURRENT, more=more, upgrade=upgrade))
    versions = Path(migrations.__file__).parent / "versions"

    def look(connection: Connection) -> list[str]:
        config = alembic_config(connection)
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", f"{versions}\n{folder}")
        return list(contractions(connection, config, CURRENT))

    engine = create_async_engine(a_migrated_file(folder))
    async with engine.begin() as connection:
        lines = await connection.run_sync(look)
    await engine.dispose()
    return lines


NEEDED = "9999_next: users.nick must be given, and servers of the version before do not"


@pytest.mark.parametrize(
    ("upgrade", "line"),
    [
        ("op.drop_table('event_problems')", "9999_next: the table event_problems is gone"),
        ("users.drop_column('created_at')", "9999_next: users.created_at is gone"),
        ("users.add_column(sa.Column('nick', sa.Text(), nullable=False))", NEEDED),
        (
            "users.alter_column('email', nullable=False)",
            "9999_next: users.email must be given, and servers of the version before do not",
        ),
        ("users.alter_column('is_admin', type_=sa.Text())", "9999_next: users.is_admin is TEXT and was BOOLEAN"),
        (
            "users.create_unique_constraint('uq_users_nick', ['organization_id', 'email'])",
            "9999_next: users has a new constraint on organization_id, email",
        ),
        (
            "users.create_foreign_key('fk_users_subject', 'organizations', ['subject'], ['id'])",
            "9999_next: users has a new constraint on subject",
        ),
    ],
)
async def test_what_harms_servers_of_the_version_before_is_found(tmp_path: Path, upgrade: str, line: str) -> None:
    assert await found(tmp_path, upgrade) == [line]


async def test_something_renamed_is_gone(tmp_path: Path) -> None:
    lines = await found(tmp_path, "users.alter_column('email', new_column_name='address')")
    assert "9999_next: users.email is gone" in lines
    assert await found(tmp_path, "op.rename_table('event_problems', 'problems')") == [
        "9999_next: the table event_problems is gone"
    ]


@pytest.mark.parametrize(
    "upgrade",
    [
        "op.create_table('notes', sa.Column('id', sa.Text(), nullable=False), sa.PrimaryKeyConstraint('id'))",
        "users.add_column(sa.Column('nick', sa.Text(), nullable=True))",
        "users.add_column(sa.Column('nick', sa.Text(), nullable=False, server_default=''))",
        "users.alter_column('is_admin', nullable=True)",
        "op.create_index('ix_users_created_at', 'users', ['created_at'])",
        "op.execute('UPDATE users SET is_admin = false')",
    ],
)
async def test_what_only_adds_is_fine(tmp_path: Path, upgrade: str) -> None:
    assert await found(tmp_path, upgrade) == []


async def test_a_migration_that_says_why_nobody_is_harmed_may_take_away(tmp_path: Path) -> None:
    reason = 'contracts = "No version since 1.4 reads it."'
    assert await found(tmp_path, "users.drop_column('created_at')", reason) == []
    assert await found(tmp_path, "users.drop_column('created_at')", 'contracts = ""') != []


async def test_the_migrations_there_are_pass_on_postgresql_too(postgresql: PostgreSQL) -> None:
    with postgresql.an_empty_database() as url:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            assert await connection.run_sync(check.faults) == []
        await engine.dispose()
