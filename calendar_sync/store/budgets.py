"""Up to when the requests are spoken for that vendors allow, in all processes together."""

from datetime import datetime, timedelta

from sqlalchemy import DateTime, Interval, delete, func, literal, type_coerce
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.store.tables import request_budgets

SURELY_PAST = timedelta(hours=1)
"""More than the clocks of two hosts differ."""

_B = request_budgets.c


class RequestBudgets:
    """`tx.budgets`. What takes a reservation is for PostgreSQL: one process has a SQLite file to itself."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def reserve(self, key: str, span: timedelta, ahead: timedelta) -> timedelta | None:
        """Speak for the next `span` of the budget: in how long from now, by the database's clock, it begins.

        `None`, and nothing is spoken for, where that is more than `ahead`. Whoever reserves the same budget at the same
        time waits for the end of the transaction (`Database.at_once`).
        """
        now = func.clock_timestamp(type_=DateTime(timezone=True))  # after a wait for the row, unlike now()
        length, most = literal(span, Interval()), literal(ahead, Interval())
        statement = (
            insert(request_budgets)
            .values(key=key, due_at=now + length)
            .on_conflict_do_update(
                index_elements=["key"],
                set_={"due_at": func.greatest(_B.due_at, now) + length},
                where=_B.due_at <= now + most,
            )
            .returning(type_coerce(_B.due_at - length - now, Interval()))
        )
        begins: timedelta | None = await self._connection.scalar(statement)
        return begins

    async def trim(self, now: datetime) -> None:
        """Delete what says nothing any more."""
        await self._connection.execute(delete(request_budgets).where(_B.due_at < now - SURELY_PAST))
