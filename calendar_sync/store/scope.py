"""Whose rows a query may see: said here, once, for every read on behalf of a user."""

from typing import Any, TypeVar

from sqlalchemy import Delete, Select, Table, Update

from calendar_sync.domain.accounts import Actor

_Statement = TypeVar("_Statement", Select[Any], Update, Delete)


def within(actor: Actor, statement: _Statement, table: Table) -> _Statement:
    """`statement`, limited to the rows of `table` that are the actor's own."""
    return statement.where(table.c.user_id == actor.user_id)
