"""Outgoing webhooks: endpoints, messages, deliveries and every attempt."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from calendar_sync.store.row_security import protection

revision = "0015_webhooks"
down_revision = "0014_auto_join_rules"
branch_labels = None
depends_on = None

_TABLES = ("webhook_endpoints", "webhook_messages", "webhook_deliveries", "webhook_attempts")


def _moment(name: str, *, nullable: bool = True) -> "sa.Column[datetime]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _part_of(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}_{parent}"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        _text("id"),
        _text("user_id"),
        _text("organization_id"),
        _text("url"),
        _text("description"),
        _text("event_types"),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        _text("disabled_reason", nullable=True),
        _text("secret"),
        _text("previous_secret", nullable=True),
        _moment("previous_until"),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        _moment("due_at"),
        _moment("failing_since"),
        _moment("created_at", nullable=False),
        _part_of("webhook_endpoints", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(op.f("ix_webhook_endpoints_user_id"), "webhook_endpoints", ["user_id"], unique=False)
    _partial_index("ix_webhook_endpoints_due_at", "webhook_endpoints", ["due_at"], "due_at IS NOT NULL")
    op.create_table(
        "webhook_messages",
        _text("id"),
        _text("user_id"),
        _text("organization_id"),
        _text("type"),
        _text("payload"),
        _moment("created_at", nullable=False),
        _part_of("webhook_messages", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
    )
    op.create_index(op.f("ix_webhook_messages_user_id"), "webhook_messages", ["user_id"], unique=False)
    op.create_index(op.f("ix_webhook_messages_created_at"), "webhook_messages", ["created_at"], unique=False)
    _make_deliveries()
    op.create_table(
        "webhook_attempts",
        _text("id"),
        _text("delivery_id"),
        _text("organization_id"),
        _moment("started_at", nullable=False),
        _moment("finished_at"),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        _text("error", nullable=True),
        _text("response", nullable=True),
        _part_of("webhook_attempts", "delivery_id", "webhook_deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index(op.f("ix_webhook_attempts_delivery_id"), "webhook_attempts", ["delivery_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            for statement in protection(table):
                op.execute(statement)


def _make_deliveries() -> None:
    table = "webhook_deliveries"
    op.create_table(
        table,
        _text("id"),
        _text("message_id"),
        _text("endpoint_id"),
        _text("user_id"),
        _text("organization_id"),
        _text("ordering_key", nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        _text("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("next_attempt_at"),
        _text("lease", nullable=True),
        _moment("created_at", nullable=False),
        _moment("finished_at"),
        _part_of(table, "message_id", "webhook_messages"),
        _part_of(table, "endpoint_id", "webhook_endpoints"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index(op.f("ix_webhook_deliveries_message_id"), table, ["message_id"], unique=False)
    _partial_index("ix_webhook_deliveries_due", table, ["endpoint_id", "next_attempt_at"], "state = 'pending'")
    _partial_index("ix_webhook_deliveries_line", table, ["endpoint_id", "ordering_key", "seq"], "state = 'pending'")
    _partial_index("ix_webhook_deliveries_lease", table, ["endpoint_id"], "lease IS NOT NULL")
    op.create_index(
        op.f("ix_webhook_deliveries_endpoint_id_created_at_id"),
        table,
        ["endpoint_id", "created_at", "id"],
        unique=False,
    )


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=False, postgresql_where=condition, sqlite_where=condition)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
