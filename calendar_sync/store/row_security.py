"""Row-level security on PostgreSQL: a transaction sees the rows of the organisation that it says it serves.

It says so with a setting that ends with it (`Database.begin`); one that says nothing sees nothing. It is a belt beside
the braces: queries name the owner of what they read all the same (`store.scope`). Decision 14 says what it is no
protection against.
"""

from collections.abc import Iterable

from sqlalchemy import text

SETTING = "calendar_sync.organization_id"
EVERYBODY = "*"
"""In place of an organisation: background work, and looking up who is asking."""

IS_BYPASSED = text(
    "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = coalesce(CAST(:role AS text), current_user)"
)
"""Whether a role, or by null our own, sees all rows whatever it says: superusers do, and those with BYPASSRLS."""

_OURS = f"(SELECT current_setting('{SETTING}', true))"  # once for a statement, not for each of its rows


def protection(table: str, organization: str = "organization_id") -> Iterable[str]:
    """What a migration executes for a table whose column `organization` says whose a row is."""
    return _protection(table, f"{table}.{organization} = {_OURS}")


def protection_through(table: str, column: str, parent: str) -> Iterable[str]:
    """The same for a table whose rows hang from rows of `parent`, which have an organisation, by `column`."""
    owned = f"SELECT FROM {parent} WHERE {parent}.id = {table}.{column} AND {parent}.organization_id = {_OURS}"
    return _protection(table, f"EXISTS ({owned})")


def _protection(table: str, is_ours: str) -> Iterable[str]:
    """FORCE: for the owner of the tables, too. CASE: of an OR, PostgreSQL would think that hardly any row meets it."""
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    is_visible = f"CASE WHEN {_OURS} = '{EVERYBODY}' THEN true ELSE {is_ours} END"
    yield f"CREATE POLICY organization ON {table} USING ({is_visible})"
