"""How far a run is with each calendar, and until when its provider wants to be left alone."""

import sqlalchemy as sa
from alembic import op

revision = "0011_run_progress"
down_revision = "0010_change_feed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sync_runs", sa.Column("calendars", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("sync_runs", sa.Column("waiting_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("sync_runs", "waiting_until")
    op.drop_column("sync_runs", "calendars")
