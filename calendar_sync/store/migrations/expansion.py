"""Whether each migration only adds, so that servers of the version before go on working (decision 15)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn


@dataclass(frozen=True, slots=True)
class _Table:
    """What older servers rely on, and are bound by."""

    columns: Mapping[str, ReflectedColumn]
    unique: frozenset[tuple[str, ...]]
    foreign: frozenset[tuple[str, ...]]


def contractions(connection: Connection, config: Config, version: str = "base") -> Iterator[str]:
    """Migrate a store of this version step by step: one line for each thing that is taken away or newly asked for.

    A migration may do so if its `contracts` says why nobody is harmed.
    """
    scripts = list(ScriptDirectory.from_config(config).iterate_revisions("head", version))
    before = _tables(connection)
    for script in reversed(scripts):
        command.upgrade(config, script.revision)
        after = _tables(connection)
        if not getattr(script.module, "contracts", ""):
            yield from (f"{script.revision}: {line}" for line in _lines(before, after))
        before = after


def _tables(connection: Connection) -> Mapping[str, _Table]:
    inspector = inspect(connection)
    return {
        name: _Table(
            {column["name"]: column for column in inspector.get_columns(name)},
            frozenset(tuple(each["column_names"]) for each in inspector.get_unique_constraints(name)),
            frozenset(tuple(each["constrained_columns"]) for each in inspector.get_foreign_keys(name)),
        )
        for name in inspector.get_table_names()
    }


def _lines(before: Mapping[str, _Table], after: Mapping[str, _Table]) -> Iterator[str]:
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            yield f"the table {name} is gone"
            continue
        yield from (f"{name}.{column} {what}" for column, what in _changed(old, new))
        for columns in (new.unique - old.unique) | (new.foreign - old.foreign):
            yield f"{name} has a new constraint on {', '.join(columns)}"


def _changed(old: _Table, new: _Table) -> Iterator[tuple[str, str]]:
    for name in old.columns.keys() - new.columns.keys():
        yield name, "is gone"
    for name, column in new.columns.items():
        before = old.columns.get(name)
        was_needed = before is not None and _is_needed(before)
        if _is_needed(column) and not was_needed:
            yield name, "must be given, and servers of the version before do not"
        if before is not None and str(before["type"]) != str(column["type"]):
            yield name, f"is {column['type']} and was {before['type']}"


def _is_needed(column: ReflectedColumn) -> bool:
    return not column["nullable"] and column["default"] is None
