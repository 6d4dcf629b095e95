"""Why the next sync of a connection is due when it is, and since when one that was asked for waits."""

import sqlalchemy as sa
from alembic import op

revision = "0009_schedule_reasons"
down_revision = "0008_request_budgets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connections", sa.Column("next_sync_reason", sa.Text(), nullable=False, server_default="interval"))
    op.add_column("connections", sa.Column("failed_in_a_row", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("connections", sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_connections_organization_id"), "connections", ["organization_id"], unique=False, if_not_exists=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_connections_organization_id"), table_name="connections")
    op.drop_column("connections", "requested_at")
    op.drop_column("connections", "failed_in_a_row")
    op.drop_column("connections", "next_sync_reason")
