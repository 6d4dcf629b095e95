"""Up to when the requests to vendors are spoken for, and the connections over one account."""

import sqlalchemy as sa
from alembic import op

revision = "0008_request_budgets"
down_revision = "0007_row_level_security"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request_budgets",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_request_budgets")),
    )
    op.create_index(
        op.f("ix_connections_provider_identity_hash"), "connections", ["provider", "identity_hash"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_connections_provider_identity_hash"), "connections")
    op.drop_table("request_budgets")
