"""Rules that decide which meetings a bot joins."""

import sqlalchemy as sa
from alembic import op

from calendar_sync.store.row_security import protection

revision = "0014_auto_join_rules"
down_revision = "0013_export_feeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "auto_join_rules",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("is_join_all", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_auto_join_rules_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_join_rules")),
    )
    op.create_index(op.f("ix_auto_join_rules_user_id"), "auto_join_rules", ["user_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        for statement in protection("auto_join_rules"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("auto_join_rules")
