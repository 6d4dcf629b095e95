"""What events were before each change, why they changed, how far back that is kept, and what ids stood for."""

import sqlalchemy as sa
from alembic import op

from calendar_sync.store.row_security import protection_through

revision = "0010_change_feed"
down_revision = "0009_schedule_reasons"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event_changes", sa.Column("before_payload", sa.Text(), nullable=True))
    op.add_column("event_changes", sa.Column("cause", sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_event_changes_user_id_event_id_seq"),
        "event_changes",
        ["user_id", "event_id", "seq"],
        unique=False,
        if_not_exists=True,
    )
    op.add_column("change_sequences", sa.Column("compacted_seq", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("change_sequences", sa.Column("compacted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "former_occurrences",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("calendar_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("original_start", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_former_occurrences_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", "until", name=op.f("pk_former_occurrences")),
    )
    op.create_index(op.f("ix_former_occurrences_user_id_until"), "former_occurrences", ["user_id", "until"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in protection_through("former_occurrences", "user_id", "users"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("former_occurrences")
    op.drop_column("change_sequences", "compacted_at")
    op.drop_column("change_sequences", "compacted_seq")
    op.drop_index(op.f("ix_event_changes_user_id_event_id_seq"), "event_changes")
    op.drop_column("event_changes", "cause")
    op.drop_column("event_changes", "before_payload")
