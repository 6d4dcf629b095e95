"""What lists of events are narrowed by: who attends, whether the calendar's owner does and is busy then, which days it
takes, which instant of a series it is; and the indexes that lists are read by."""

import sqlalchemy as sa
from alembic import op

from calendar_sync.store.row_security import protection_through

revision = "0012_who_attends"
down_revision = "0011_run_progress"
branch_labels = None
depends_on = None


_LISTED = ["user_id", "starts_at", "id"]
_INDEXES = {
    "ix_occurrences_uid_meeting_start_user_id": ["uid", "meeting_start", "user_id"],
    "ix_occurrences_user_id_organizer_email_starts_at_id": ["user_id", "organizer_email", "starts_at", "id"],
    "ix_occurrences_attendee_list_starts_at": ["attendee_list", "starts_at"],
}
_PARTIAL_INDEXES = {
    "ix_occurrences_joinable": ([*_LISTED, "meeting_platform"], "meeting_link IS NOT NULL"),
    "ix_occurrences_all_day": (_LISTED, "all_day"),
    "ix_occurrences_unconfirmed": ([*_LISTED, "status"], "status <> 'confirmed'"),
    "ix_occurrences_unaccepted": ([*_LISTED, "response"], "response <> 'accepted'"),
    "ix_occurrences_decided": (["user_id", "auto_join_status", "starts_at", "id"], "auto_join_status <> 'pending'"),
    "ix_occurrences_lasting": ([*_LISTED, "ends_at"], "ends_at - starts_at > interval '2 days'"),
    "ix_occurrences_underived": (["id"], "is_busy IS NULL"),
}
_ON_SQLITE = {
    "ix_occurrences_all_day": "all_day = 1",
    "ix_occurrences_lasting": "ends_at > datetime(starts_at, '+2 days')",
}
_COLUMNS = ("attendee_list", "response", "starts_on", "ends_on")


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("occurrences", sa.Column(column, sa.Text(), nullable=True))
    op.add_column("occurrences", sa.Column("is_busy", sa.Boolean(), nullable=True))
    op.add_column("occurrences", sa.Column("meeting_start", sa.DateTime(timezone=True), nullable=True))
    for name, columns in _INDEXES.items():
        op.create_index(name, "occurrences", columns, unique=False, if_not_exists=True)
    for name, (columns, where) in _PARTIAL_INDEXES.items():
        op.create_index(
            name,
            "occurrences",
            columns,
            unique=False,
            if_not_exists=True,
            postgresql_where=sa.text(where),
            sqlite_where=sa.text(_ON_SQLITE.get(name, where)),
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
    for name in (*_INDEXES, *_PARTIAL_INDEXES):
        op.drop_index(name, "occurrences")
    for column in (*_COLUMNS, "meeting_start", "is_busy"):
        op.drop_column("occurrences", column)
