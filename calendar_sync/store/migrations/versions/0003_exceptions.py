"""Exceptions that providers tell apart from their series."""

import sqlalchemy as sa
from alembic import op

revision = "0003_exceptions"
down_revision = "0002_oauth"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_exceptions",
        sa.Column("calendar_id", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("series_id", sa.Text(), nullable=False),
        sa.Column("original_start", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["calendar_id"],
            ["calendars.id"],
            name=op.f("fk_event_exceptions_calendar_id_calendars"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("calendar_id", "remote_id", name=op.f("pk_event_exceptions")),
    )
    op.create_index(
        op.f("ix_event_exceptions_calendar_id_series_id"),
        "event_exceptions",
        ["calendar_id", "series_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_event_exceptions_calendar_id_series_id"), table_name="event_exceptions")
    op.drop_table("event_exceptions")
