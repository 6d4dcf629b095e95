"""Who attends an occurrence, whether its calendar's owner does and is busy then, and which instant of a series it is."""

import sqlalchemy as sa
from alembic import op

from calendar_sync.store.row_security import protection_through

revision = "0012_who_attends"
down_revision = "0011_run_progress"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("occurrences", sa.Column("attendee_list", sa.Text(), nullable=True))
    op.add_column("occurrences", sa.Column("is_busy", sa.Boolean(), nullable=True))
    op.add_column("occurrences", sa.Column("response", sa.Text(), nullable=True))
    op.add_column("occurrences", sa.Column("meeting_start", sa.DateTime(timezone=True), nullable=True))
    underived = sa.text("is_busy IS NULL")
    op.create_index(
        "ix_occurrences_underived",
        "occurrences",
        ["id"],
        unique=False,
        if_not_exists=True,
        postgresql_where=underived,
        sqlite_where=underived,
    )
    op.create_table(
        "attendee_lists",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_attendee_lists_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "email", "list_id", name=op.f("pk_attendee_lists")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in protection_through("attendee_lists", "user_id", "users"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("attendee_lists")
    op.drop_index("ix_occurrences_underived", "occurrences")
    for column in ("meeting_start", "response", "is_busy", "attendee_list"):
        op.drop_column("occurrences", column)
