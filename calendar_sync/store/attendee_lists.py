"""Who attends: the addresses of the attendees of occurrences, kept once for all occurrences that have the same.

A list is named by what is in it, so it never changes: an occurrence whose attendees do names another one.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import Exists, Row, delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.events import Attendee
from calendar_sync.domain.identifiers import UserId
from calendar_sync.store.bulk import RowValues, insert_rows
from calendar_sync.store.changes import hold
from calendar_sync.store.columns import among
from calendar_sync.store.tables import attendee_lists, occurrences

Key = tuple[str, str, str]
"""User, address and list: what a row is known by."""

FIRST: Key = ("", "", "")
_KEY = tuple(attendee_lists.primary_key)


def addresses(attendees: Iterable[Attendee]) -> tuple[str, ...]:
    """Sorted, each once, in lower case; rooms are among them."""
    return tuple(sorted({attendee.email.lower() for attendee in attendees if attendee.email}))


def list_id(user: UserId, members: Sequence[str]) -> str | None:
    """`None` for a list of nobody."""
    if not members:
        return None
    return blake2b(orjson.dumps((user, *members)), digest_size=16).hexdigest()


async def keep(connection: AsyncConnection, user: UserId, written: Iterable[RowValues]) -> None:
    """Store who is in the lists that these rows name (`occurrence_rows.new_row`), which the transaction writes.

    The user's changes are held meanwhile: so that nobody deletes a list of which only this transaction knows that an
    occurrence has it, and no two writers wait for each other's lists.
    """
    lists = {row["attendee_list"]: row["attendees"] for row in written}
    members = [
        {"user_id": user, "email": email, "list_id": id}
        for id, emails in lists.items()
        if isinstance(emails, tuple)
        for email in emails
    ]
    if not members:
        return
    await hold_lists(connection, user)
    await insert_rows(connection, attendee_lists, members, or_ignore=True)


async def sweep(connection: AsyncConnection, after: Key, at_most: int) -> Key:
    """Of that many rows that follow `after`, delete those of lists that no occurrence has any more.

    Returns the last one that was looked at, `FIRST` at the end of the table: so called again and again it goes round.
    """
    key = tuple_(*_KEY)
    following = select(*_KEY, _is_used().label("is_used")).where(key > tuple_(*after)).order_by(*_KEY).limit(at_most)
    seen: list[Row[Any]] = list(await connection.execute(following))
    unused = [row for row in seen if not row.is_used]
    for user in dict.fromkeys(UserId(row.user_id) for row in unused):
        await hold_lists(connection, user)
        await _delete_unused(connection, user, [row for row in unused if row.user_id == user])
    return (seen[-1].user_id, seen[-1].email, seen[-1].list_id) if len(seen) == at_most else FIRST


async def _delete_unused(connection: AsyncConnection, user: UserId, rows: Sequence[Row[Any]]) -> None:
    """Those of the rows that are unused still, now that nobody else can write any."""
    emails, lists = ({row[place] for row in rows} for place in (1, 2))
    named = among(attendee_lists.c.email, emails) & among(attendee_lists.c.list_id, lists)
    await connection.execute(delete(attendee_lists).where(attendee_lists.c.user_id == user, named, ~_is_used()))


def _is_used() -> Exists:
    return exists().where(occurrences.c.attendee_list == attendee_lists.c.list_id)


async def hold_lists(connection: AsyncConnection, user: UserId) -> None:
    """Keep all others from storing and deleting lists of this user until the transaction ends."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        await hold(connection, user)
