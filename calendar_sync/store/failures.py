"""What the databases say when they cannot serve, turned into one clear error."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from calendar_sync.domain.errors import StoreUnavailable

_TRY_AGAIN = "nothing was written, try again"

# The primary result codes of SQLite (https://sqlite.org/rescode.html) that are not a fault of the statement.
_SQLITE = {
    sqlite3.SQLITE_PERM: "The database file may not be opened by this process.",
    sqlite3.SQLITE_BUSY: f"The database is locked by another process; {_TRY_AGAIN}.",
    sqlite3.SQLITE_LOCKED: f"The database is locked by another process; {_TRY_AGAIN}.",
    sqlite3.SQLITE_READONLY: "The database is read-only; nothing was written.",
    sqlite3.SQLITE_IOERR: "The database file cannot be read or written just now; nothing was written.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged: restore it from a backup.",
    sqlite3.SQLITE_FULL: "The disk or the database is full; nothing was written.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened: it, or its directory, is missing or not accessible.",
    sqlite3.SQLITE_NOTADB: "The database file is not a database, or it is damaged: restore it from a backup.",
}

# The same for PostgreSQL: SQLSTATE codes, or their classes (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_POSTGRESQL = {
    "08": "The database cannot be reached; nothing was written.",
    "25006": "The database is read-only; nothing was written.",
    "25P03": f"The database ended a transaction that was idle for too long; {_TRY_AGAIN}.",
    "28": "The database refuses the user or the password.",
    "3D000": "The database does not exist.",
    "40": f"The database undid a transaction in favour of another one; {_TRY_AGAIN}.",
    "42501": "The database user lacks a permission.",
    "53100": "The disk of the database is full; nothing was written.",
    "53": "The database has no capacity left; nothing was written.",
    "55P03": f"The database is locked by another process; {_TRY_AGAIN}.",
    "57": f"The database is shutting down or starting; {_TRY_AGAIN}.",
    "58": "The database has a fault in its system; nothing was written.",
    "XX": "The database is damaged.",
}

_CONFLICTS = {"40P01", "55P03"}  # a deadlock, and a lock that was waited for in vain

UNREACHABLE = "The database cannot be reached."
LOST = "The connection to the database was lost; nothing was written, try again."
LOST_AT_COMMIT = "The connection to the database was lost while writing; it is not known whether that was stored."


@contextmanager
def reported() -> Generator[None]:
    """Raise `StoreUnavailable` in place of whatever says that the database cannot serve now.

    All else passes: a violated constraint or a wrong statement is a fault of this program.
    """
    try:
        yield
    except PoolTimeout as err:
        raise StoreUnavailable(f"The store has more to do than it can; {_TRY_AGAIN}.") from err
    except DBAPIError as err:
        reason = reason_of(err)
        if reason is None:
            raise
        raise StoreUnavailable(reason) from err


def reason_of(error: BaseException) -> str | None:
    """One sentence for the person who asked, or `None` where `error` does not say that the database cannot serve."""
    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error) and hasattr(cause, "sqlite_errorcode"):
            return _SQLITE.get(cause.sqlite_errorcode & 0xFF)
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    return LOST if isinstance(error, DBAPIError) and error.connection_invalidated else None


def is_conflict(error: BaseException) -> bool:
    """Whether PostgreSQL says that other transactions held what was asked for."""
    return any(getattr(cause, "sqlstate", None) in _CONFLICTS for cause in _causes(error))


def _causes(error: BaseException | None) -> Generator[BaseException]:
    while error is not None:
        yield error
        error = error.orig if isinstance(error, DBAPIError) else error.__cause__
