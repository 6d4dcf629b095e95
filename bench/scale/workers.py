"""`python -m bench.scale workers`: 1, 2, 4 and 8 real workers on a real PostgreSQL, beside the same runs done without a
queue, with plain leases, in one go on one machine. Read the ratios.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bench.scale import postgres
from bench.scale.company import settings_for
from bench.scale.postgres import PostgreSQL
from bench.scale.process import unchanging
from bench.scale.processes import Child, running
from calendar_sync.domain.accounts import Actor
from calendar_sync.settings import Settings

WAYS = ("queue", "leases")
_ORGANIZATIONS = 10
_PATIENCE = 300.0
_LONGEST_LOOK = timedelta(seconds=5.5)
"""After which even a schedule that had nothing to do has looked again."""
_NEVER = 86_400.0
"""The interval: a run that was done is not due again while anything is measured."""


@dataclass(frozen=True, slots=True)
class Options:
    """`rate` is the runs a second that fall due when they are paced, `latency` what the provider takes, in seconds."""

    workers: Sequence[int] = (1, 2, 4, 8)
    connections: int = 500
    rate: float = 40.0
    latency: float = 0.02


@dataclass(frozen=True, slots=True)
class Counters:
    """What has been done so far: CPU in seconds, rows and bytes of WAL written."""

    database: float
    workers: float
    rows: float
    wal: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Of a number of workers. Latencies in ms, from when a run was due to when it began; all else is of one run."""

    way: str
    workers: int
    jobs_a_second: float
    late: Sequence[float]
    database_ms: float
    worker_ms: float
    rows: float
    wal: float

    def late_at(self, part: float) -> float:
        return self.late[min(int(len(self.late) * part), len(self.late) - 1)]

    @property
    def figures(self) -> Sequence[float]:
        late = [self.late_at(part) for part in (0.5, 0.95, 0.99)]
        return (self.jobs_a_second, *late, self.database_ms, self.worker_ms, self.rows, self.wal)


_HEADS = ("jobs/s", "p50 ms", "p95 ms", "p99 ms", "database ms", "worker ms", "rows", "WAL B")


@dataclass(slots=True)
class Bench:
    """Connections that nothing happens in, and how often each has been run."""

    options: Options
    server: PostgreSQL
    settings: Mapping[str, str]
    folder: Path
    runs: int = 0

    async def connect(self) -> None:
        chosen = Settings.model_validate({name.lower(): value for name, value in self.settings.items()})
        async with unchanging(chosen, 0) as services:
            for number in range(_ORGANIZATIONS):
                user = await services.access.create_user(f"user{number}@example.com", f"Organisation {number}")
                actor = Actor(user.id, user.organization_id)
                for feed in range(number, self.options.connections, _ORGANIZATIONS):
                    await services.connections.connect(actor, "ics", {"url": f"https://feeds.example/{feed}.ics"})

    async def measure(self, way: str, number: int) -> Measured:
        """A backlog, as fast as it goes; then so many a second."""
        async with self._workers(way, number) as workers:
            before, runs = await self._counters(workers), self.runs
            seconds = await self._drained()
            late = await self._paced()
            spent = sum(child.cpu() for child in workers)
        after, jobs = await self._counters(()), self.runs - runs
        return Measured(
            way,
            number,
            self.options.connections / seconds,
            late,
            1_000 * (after.database - before.database) / jobs,
            1_000 * (spent - before.workers) / jobs,
            (after.rows - before.rows) / jobs,
            (after.wal - before.wal) / jobs,
        )

    async def statements(self, way: str) -> float:
        """Of one run, counted in the server's log while a backlog is drained."""
        async with self._workers(way, 2):
            await self._log_statements("all")
            start = self.server.log.stat().st_size
            await self._drained()
            await self._log_statements("none")
        with self.server.log.open("rb") as log:
            log.seek(start)
            lines = sum(1 for line in log if b"LOG:  statement:" in line or b"LOG:  execute " in line)
        return lines / self.options.connections

    async def _log_statements(self, which: str) -> None:
        await self.server.rows(f"ALTER SYSTEM SET log_statement = '{which}'")
        await self.server.rows("SELECT pg_reload_conf()")

    @asynccontextmanager
    async def _workers(self, way: str, number: int) -> AsyncGenerator[Sequence[Child]]:
        module = ("bench.scale.process", way, str(self.options.latency))
        async with AsyncExitStack() as stack:
            logs = [self.folder / f"{way}-{number}-{each}.log" for each in range(number)]
            workers = [await stack.enter_async_context(running(log, *module, **self.settings)) for log in logs]
            for each in workers:
                await each.announcement()
            yield workers

    async def _counters(self, workers: Sequence[Child]) -> Counters:
        (found,) = await self.server.rows(
            "SELECT (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables)::float8 AS rows, "
            "(pg_current_wal_insert_lsn() - '0/0')::float8 AS wal"
        )
        return Counters(self.server.cpu(), sum(child.cpu() for child in workers), found["rows"], found["wal"])

    async def _drained(self) -> float:
        """Have all due at once, and tell how many seconds it took from the first run's beginning to the last one's end.

        Whoever found nothing due before looks again after some seconds: that is no part of it.
        """
        (begun,) = await self.server.rows("SELECT now() AS at")
        await self.server.rows("UPDATE connections SET next_sync_at = now()")
        await self._all_run()
        (found,) = await self.server.rows(
            "SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8 AS seconds FROM sync_runs "
            "WHERE started_at >= $1",
            begun["at"],
        )
        return float(found["seconds"])

    async def _paced(self) -> Sequence[float]:
        """Have so many due each second, from when everybody has looked on. How late each began, in ms, sorted."""
        due = await self.server.rows(
            "WITH turns AS (SELECT id, row_number() OVER (ORDER BY md5(id)) AS turn FROM connections) "
            "UPDATE connections SET next_sync_at = now() + $1::interval + turn * interval '1 s' / $2::float8 "
            "FROM turns WHERE turns.id = connections.id RETURNING connections.id, next_sync_at AS at",
            _LONGEST_LOOK,
            self.options.rate,
        )
        await self._all_run()
        began = await self.server.rows(
            "SELECT DISTINCT ON (connection_id) connection_id AS id, started_at AS at "
            "FROM sync_runs ORDER BY connection_id, started_at DESC"
        )
        moments: Mapping[str, datetime] = {row["id"]: row["at"] for row in began}
        return sorted(1_000 * (moments[row["id"]] - row["at"]).total_seconds() for row in due)

    async def _all_run(self) -> None:
        """Wait until each has been run once more."""
        self.runs += self.options.connections
        until = time.monotonic() + _PATIENCE
        finished = "SELECT count(*) AS runs FROM sync_runs WHERE status = 'succeeded'"
        while (done := (await self.server.rows(finished))[0]["runs"]) < self.runs:
            if time.monotonic() > until:
                raise TimeoutError(f"{self.runs - done} runs of {self.options.connections} were not done.")
            await asyncio.sleep(0.2)

    async def sizes(self) -> Sequence[str]:
        """The tables that grow with the runs, before and after they are trimmed."""
        before = await self._sizes()
        await self.server.rows("UPDATE sync_queue_log SET created = created - interval '1 day'")
        chosen = Settings.model_validate({name.lower(): value for name, value in self.settings.items()})
        async with unchanging(chosen, 0) as services:
            while await services.worker.queue.trim():
                pass
        for table in before:
            await self.server.rows(f"VACUUM {table}")
        after = await self._sizes()
        return [
            f"{table:18} {rows:>9,} rows {size / 1024:>9,.0f} kB   then {after[table][0]:>7,} rows "
            f"{after[table][1] / 1024:>9,.0f} kB"
            for table, (rows, size) in before.items()
        ]

    async def _sizes(self) -> Mapping[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for table in ("sync_queue", "sync_queue_log", "sync_runs"):
            (row,) = await self.server.rows(
                f"SELECT count(*) AS rows, pg_total_relation_size('{table}') AS size FROM {table}"  # noqa: S608
            )
            found[table] = (row["rows"], row["size"])
        return found


async def workers_table(options: Options) -> str:
    """Two rows for each number of workers, and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        async with postgres.running() as server:
            bench = Bench(options, server, settings_for(server.url, {}, _NEVER), Path(folder))
            await bench.connect()
            await bench.statements("queue")  # the first runs, which list calendars
            statements = {way: await bench.statements(way) for way in WAYS}
            found = [[await bench.measure(way, number) for way in WAYS] for number in options.workers]
            sizes = await bench.sizes()
    lines = [line for queue, leases in found for line in _compared(queue, leases)]
    head = f"{'':18}" + "".join(f"{name:>13}" for name in _HEADS)
    counted = ", ".join(f"{number:.1f} by {way}" for way, number in statements.items())
    return "\n".join([head, *lines, "", f"statements a run: {counted}", "", *sizes])


def _compared(queue: Measured, leases: Measured) -> Sequence[str]:
    ratios = [ours / theirs if theirs else 0.0 for ours, theirs in zip(queue.figures, leases.figures, strict=True)]
    rows = [(f"{each.workers} {each.way}", each.figures, ",.1f") for each in (queue, leases)]
    return [
        *(f"{name:18}" + "".join(f"{each:>13{form}}" for each in figures) for name, figures, form in rows),
        f"{'  queue / leases':18}" + "".join(f"{each:>13.2f}" for each in ratios),
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    usual = Options()
    parser.add_argument("--workers", type=int, nargs="+", default=usual.workers, metavar="N")
    parser.add_argument("--connections", type=int, default=usual.connections, metavar="N")
    parser.add_argument("--rate", type=float, default=usual.rate, metavar="N", help="runs a second when paced")
    parser.add_argument("--latency", type=float, default=usual.latency, metavar="SECONDS", help="of the provider")


def main(options: argparse.Namespace) -> int:
    chosen = Options(options.workers, options.connections, options.rate, options.latency)
    print(f"{chosen.connections} connections, {chosen.rate:g} a second when paced, {chosen.latency:g} s of latency\n")
    print(asyncio.run(workers_table(chosen)))
    return 0
