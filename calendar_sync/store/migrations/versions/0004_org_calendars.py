"""Calendars of organisations."""

import sqlalchemy as sa
from alembic import op

revision = "0004_org_calendars"
down_revision = "0003_exceptions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "org_calendars",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("calendar_id", sa.Text(), nullable=False),
        sa.Column("sync_interval_minutes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendars.id"], name=op.f("fk_org_calendars_calendar_id_calendars"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_calendars")),
        sa.UniqueConstraint("calendar_id", name=op.f("uq_org_calendars_calendar_id")),
    )
    op.create_index(op.f("ix_org_calendars_organization_id"), "org_calendars", ["organization_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_org_calendars_organization_id"), table_name="org_calendars")
    op.drop_table("org_calendars")
