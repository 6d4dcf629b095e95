"""The queue of connections that wait for a run, and what makes it cheap to say which do."""

import sqlalchemy as sa
from alembic import op

from calendar_sync.store.queue_tables import install

revision = "0006_sync_queue"
down_revision = "0005_push_channels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connections", sa.Column("requested_by", sa.Text(), nullable=False, server_default="schedule"))
    op.add_column("connections", sa.Column("last_started_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sync_runs", sa.Column("serves", sa.BigInteger(), nullable=False, server_default="0"))
    for name, column, condition in _PARTIAL_INDEXES:
        where = sa.text(condition)
        op.create_index(name, "connections", [column], postgresql_where=where, sqlite_where=where)
    op.create_index(op.f("ix_sync_runs_started_at"), "sync_runs", ["started_at"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        install(op.get_bind())


_PARTIAL_INDEXES = (
    ("ix_connections_lease_until", "lease_until", "lease_until IS NOT NULL"),
    ("ix_connections_waiting", "organization_id", "requested_seq > done_seq"),
)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in ("sync_queue", "sync_queue_log", "sync_queue_statistics", "sync_queue_schedules"):
            op.drop_table(table)
        op.execute("DROP TYPE sync_queue_status")
    op.drop_index("ix_sync_runs_started_at")
    for name, _, _ in _PARTIAL_INDEXES:
        op.drop_index(name)
    op.drop_column("sync_runs", "serves")
    op.drop_column("connections", "last_started_at")
    op.drop_column("connections", "requested_by")
