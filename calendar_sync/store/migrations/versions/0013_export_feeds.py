"""Secret addresses at which calendars can be subscribed to."""

import sqlalchemy as sa
from alembic import op

from calendar_sync.store.row_security import protection

revision = "0013_export_feeds"
down_revision = "0012_who_attends"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_feeds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("is_busy_only", sa.Boolean(), nullable=False),
        sa.Column("calendar_ids", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_export_feeds_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_feeds")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_export_feeds_secret_hash")),
    )
    op.create_index(op.f("ix_export_feeds_user_id"), "export_feeds", ["user_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        for statement in protection("export_feeds"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("export_feeds")
