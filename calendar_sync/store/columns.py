"""Column types and conditions that mean the same on SQLite and on PostgreSQL."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import orjson
from sqlalchemy import ARRAY, Boolean, ColumnElement, DateTime, Dialect, FromClause, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

_T = TypeVar("_T")


def storable(text: str) -> str:
    """`text` without what PostgreSQL cannot hold: NUL characters and lone surrogates."""
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode("utf-8")
    return text.replace("\x00", "")


class StoredText(TypeDecorator[str]):
    """Text, without the characters that only one of the two databases would take."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Moment(TypeDecorator[datetime]):
    """An instant: aware in, aware UTC out. A naive time is refused, for nobody knows which instant it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A naive time cannot be stored as an instant.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _TextList(TypeDecorator[list[str]]):
    """A list of texts as one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> list[str] | str | None:
        texts = [storable(text) for text in value or ()]
        return texts if dialect.name == "postgresql" else orjson.dumps(texts).decode()


class _Condition(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:
        """As it is. SQLAlchemy would write `… = 1` on SQLite, which then uses no index for it."""
        return self


class _Among(_Condition):
    inherit_cache = True


def among(column: ColumnElement[_T], values: Iterable[str]) -> ColumnElement[bool]:
    """`column IN values`, as one parameter: one statement text and one plan, however many values there are."""
    return _Among(column, bindparam(None, list(values), type_=_TextList(), unique=True))


class _Holds(_Condition):
    inherit_cache = True


def holds(column: ColumnElement[str | None], text: str) -> ColumnElement[bool]:
    """Whether `text` stands somewhere in the column. Not by `LIKE`: nothing to escape, and no limit to its length."""
    return _Holds(column, bindparam(None, text, type_=StoredText(), unique=True))


class _Lasting(_Condition):
    inherit_cache = True


def lasting(table: FromClause) -> ColumnElement[bool]:
    """Whether something lasts more than two days, as the index of what does says it."""
    return _Lasting(table.c.starts_at, table.c.ends_at)


@compiles(_Lasting, "sqlite")
def _lasting_on_sqlite(element: _Lasting, compiler: SQLCompiler, **options: object) -> str:
    starts_at, ends_at = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{ends_at} > datetime({starts_at}, '+2 days')"


@compiles(_Lasting, "postgresql")
def _lasting_on_postgresql(element: _Lasting, compiler: SQLCompiler, **options: object) -> str:
    starts_at, ends_at = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{ends_at} - {starts_at} > interval '2 days'"


@compiles(_Holds, "sqlite")
def _holds_on_sqlite(element: _Holds, compiler: SQLCompiler, **options: object) -> str:
    return f"instr({compiler.process(element.clauses, **options)}) > 0"


@compiles(_Holds, "postgresql")
def _holds_on_postgresql(element: _Holds, compiler: SQLCompiler, **options: object) -> str:
    return f"strpos({compiler.process(element.clauses, **options)}) > 0"


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: SQLCompiler, **options: object) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 -- both are compiled SQL


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: SQLCompiler, **options: object) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"
