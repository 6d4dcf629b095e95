"""Forgetting what is older than the record of changes is kept: from its beginning, and in portions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.store.tables import change_sequences, changes, former_occurrences

_USERS = 100


async def compact(connection: AsyncConnection, before: datetime, at_most: int) -> int:
    """See `Changes.compact`."""
    done = 0
    for sequence in (await connection.execute(_old(before))).all():
        if done < at_most:
            done += await _compact(connection, sequence, before, at_most - done)
    return done


def _old(before: datetime) -> Select[Any]:
    """The sequences whose first change is older, but those that somebody writes to just now. They are held."""
    own = change_sequences.c
    is_first = and_(changes.c.user_id == own.user_id, changes.c.seq == own.compacted_seq + 1)
    statement = select(change_sequences).join(changes, is_first).where(changes.c.at < before)
    return statement.limit(_USERS).with_for_update(of=change_sequences, skip_locked=True)


async def _compact(connection: AsyncConnection, sequence: Row[Any], before: datetime, at_most: int) -> int:
    """What identifiers stood for goes first: nobody can ask for that time from now on. How many rows went."""
    of_user = changes.c.user_id == sequence.user_id
    end = await _end(connection, sequence, before, at_most)
    oldest = of_user & (changes.c.seq <= end)
    made_at = await connection.scalar(select(func.max(changes.c.at)).where(oldest))
    kept_since = max(made_at, sequence.compacted_at or made_at)
    left = at_most - await _trim_former(connection, sequence.user_id, kept_since, at_most)
    if left:
        await connection.execute(delete(changes).where(oldest))
    raised = update(change_sequences).where(change_sequences.c.user_id == sequence.user_id)
    compacted_seq = end if left else sequence.compacted_seq
    await connection.execute(raised.values(compacted_seq=compacted_seq, compacted_at=kept_since))
    return at_most - left + compacted_seq - int(sequence.compacted_seq)


async def _end(connection: AsyncConnection, sequence: Row[Any], before: datetime, at_most: int) -> int:
    """The last of the changes to go: all up to it are old."""
    last = min(sequence.last_seq, sequence.compacted_seq + at_most)
    looked_at = changes.c.seq.between(sequence.compacted_seq + 1, last)
    statement = select(func.min(changes.c.seq)).where(changes.c.user_id == sequence.user_id, looked_at)
    young: int | None = await connection.scalar(statement.where(changes.c.at >= before))
    return int(last) if young is None else young - 1


async def _trim_former(connection: AsyncConnection, user: str, until: datetime, at_most: int) -> int:
    former = former_occurrences.c
    old = select(former.id, former.until).where(former.user_id == user, former.until <= until)
    named = tuple_(former.id, former.until).in_(old.order_by(former.until).limit(at_most))
    return (await connection.execute(delete(former_occurrences).where(former.user_id == user, named))).rowcount
