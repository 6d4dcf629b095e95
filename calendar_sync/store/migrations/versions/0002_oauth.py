"""Accounts connected by OAuth. Servers of the version before go on working with the store while it is rolled out."""

import sqlalchemy as sa
from alembic import op

revision = "0002_oauth"
down_revision = "0001_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Neither rewrites the table: the default is a constant, the others are null.
    op.add_column("connections", sa.Column("credentials_version", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("connections", sa.Column("token_lease_owner", sa.Text(), nullable=True))
    op.add_column("connections", sa.Column("token_lease_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "oauth_consents",
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_oauth_consents_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_oauth_consents")),
    )
    op.create_index(op.f("ix_oauth_consents_user_id"), "oauth_consents", ["user_id"], unique=False)
    op.create_index(op.f("ix_oauth_consents_expires_at"), "oauth_consents", ["expires_at"], unique=False)
