"""Whose rows a query may see: said here, once, for every read on behalf of a user."""

from typing import Any, TypeVar

from sqlalchemy import Delete, Select, Table, Update

from calendar_sync.domain.accounts import Actor

_Statement = TypeVar("_Statement", Select[Any], Update, Delete)


def within(actor: Actor, statement: _Statement, table: Table) -> _Statement:
    """`statement`, limited to the rows of `table` that are the actor's own."""
    return statement.where(table.c.user_id == actor.user_id)


def within_organization(actor: Actor, statement: _Statement, table: Table) -> _Statement:
    """`statement`, limited to the rows of `table` that are the actor's organisation's: for administrators."""
    return statement.where(table.c.organization_id == actor.organization_id)


def named_within(actor: Actor, statement: _Statement, table: Table) -> _Statement:
    """The same where `statement` names rows by their identifiers: the owner is checked, and nothing searched by it.

    SQLite, which knows nothing of how many rows there are, would rather go through all that the owner has.
    """
    return statement.where(table.c.user_id.concat("") == actor.user_id)
