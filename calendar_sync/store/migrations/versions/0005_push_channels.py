"""Channels by which providers notify of changes, and how far the run under way serves those who asked for one."""

import sqlalchemy as sa
from alembic import op

revision = "0005_push_channels"
down_revision = "0004_org_calendars"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connections", sa.Column("started_seq", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "push_channels",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("calendar_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("resource_id", sa.Text(), nullable=True),
        sa.Column("renew_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_push_channels_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendars.id"], name=op.f("fk_push_channels_calendar_id_calendars"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_channels")),
        sa.UniqueConstraint("remote_id", name=op.f("uq_push_channels_remote_id")),
    )
    op.create_index(op.f("ix_push_channels_connection_id"), "push_channels", ["connection_id"], unique=False)
    op.create_index(op.f("ix_push_channels_calendar_id"), "push_channels", ["calendar_id"], unique=False)


def downgrade() -> None:
    op.drop_table("push_channels")
    op.drop_column("connections", "started_seq")
