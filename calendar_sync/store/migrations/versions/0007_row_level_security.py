"""Row-level security on PostgreSQL."""

from alembic import op

from calendar_sync.store.row_security import protection, protection_through

revision = "0007_row_level_security"
down_revision = "0006_sync_queue"
branch_labels = None
depends_on = None
contracts = "Servers of earlier versions do not say whom they serve, and would see nothing: stop them first."

_OWNED = ("users", "api_keys", "connections", "oauth_consents", "calendars", "org_calendars", "events")
_OWNED_THROUGH = {
    "occurrences": ("user_id", "users"),
    "sync_runs": ("user_id", "users"),
    "event_changes": ("user_id", "users"),
    "change_sequences": ("user_id", "users"),
    "push_channels": ("connection_id", "connections"),
    "event_problems": ("calendar_id", "calendars"),
    "event_exceptions": ("calendar_id", "calendars"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    statements = [*protection("organizations", "id")]
    for table in _OWNED:
        statements += protection(table)
    for table, (column, parent) in _OWNED_THROUGH.items():
        statements += protection_through(table, column, parent)
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("organizations", *_OWNED, *_OWNED_THROUGH):
        op.execute(f"DROP POLICY organization ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
