"""`python -m bench.scale proof`: API processes and workers on one PostgreSQL, workers killed all the time, and what the
vendors' journal, the store and the users then say. Exit status 1 where a claim does not hold.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx

from bench.scale import postgres
from bench.scale.claims import Answer, Evidence, claims_of, report
from bench.scale.company import Company, settings_for, synced_by_hand
from bench.scale.postgres import PostgreSQL
from bench.scale.processes import Child, announced, running, started
from bench.scale.verdict import Kill
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from simulators.journal import Entry

_LOOK_EVERY = 0.5
_CHANGE_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """How it is run. Times in seconds. `slack` is for a machine that has other things to do: see `Evidence`."""

    connections: int = 1_000
    seconds: float = 120.0
    interval: float = 60.0
    apis: int = 2
    workers: int = 4
    kill_every: float = 5.0
    ask_every: float = 2.0
    changes: int = 5
    latency: tuple[float, float] = (0.05, 0.4)
    slack: float = 0.0

    @property
    def patience(self) -> float:
        """Until all is read once, and until the last change is."""
        return 2 * self.interval + 60 + 2 * self.slack


@dataclass(slots=True)
class Workers:
    """So many `calendar-sync worker`s, each started again when it is killed. `spent` is the CPU of the dead."""

    folder: Path
    settings: Mapping[str, str]
    living: list[Child] = field(default_factory=list)
    spent: float = 0.0

    async def start(self) -> None:
        log = self.folder / f"worker-{len(self.living)}-{time.monotonic_ns()}.log"
        self.living.append(await started(log, "calendar_sync.cli", "worker", **self.settings))

    async def kill(self, victim: Child) -> float:
        """SIGKILL; the moment it came."""
        self.living.remove(victim)
        self.spent += victim.cpu()
        at = time.time()
        await victim.kill()
        await self.start()
        return at

    def cpu(self) -> float:
        return self.spent + sum(child.cpu() for child in self.living)

    async def end(self) -> Sequence[int]:
        return await asyncio.gather(*(child.end() for child in self.living))


@dataclass(slots=True)
class Proof:
    """All that runs, and what has been seen so far."""

    options: Options
    server: PostgreSQL
    http: httpx.AsyncClient
    vendors: Child
    steering: str
    company: Company
    apis: Sequence[tuple[Child, str]]
    workers: Workers
    random: Random = field(default_factory=lambda: Random(47))
    kills: list[Kill] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)

    async def run(self) -> Evidence:
        """All read once, then so many seconds of changes, requests and kills, then rest until all is read again."""
        for _ in range(self.options.workers):
            await self.workers.start()
        await self._all_read_since(0.0)
        await self.http.put(f"{self.steering}/latency", json=self.options.latency)
        since, before = time.time(), self._cpu()
        async with asyncio.TaskGroup() as going_on:
            going_on.create_task(self._kill_workers(since))
            going_on.create_task(self._change_events(since))
            going_on.create_task(self._ask(since))
        until, after = time.time(), self._cpu()
        await self._all_read_since(until)
        spent = {name: after[name] - before[name] for name in after}
        return await self._evidence(since, until, spent)

    def _going_on(self, since: float) -> bool:
        return time.time() - since < self.options.seconds

    async def _kill_workers(self, since: float) -> None:
        """One of them at a time, at any moment. What it holds is in the store, for nobody can take that for a while."""
        while True:
            wait, left = (
                self.random.uniform(0.5, 1.5) * self.options.kill_every,
                since + self.options.seconds - time.time(),
            )
            await asyncio.sleep(max(0.0, min(wait, left)))
            if wait > left:
                return
            victim = self.random.choice(self.workers.living)
            at = await self.workers.kill(victim)
            held = await self.server.rows(
                "SELECT id FROM connections WHERE lease_owner LIKE $1 AND lease_until >= now()", f"%:{victim.pid}:%"
            )
            self.kills.append(Kill(at, [self.company.connections[row["id"]] for row in held]))

    async def _change_events(self, since: float) -> None:
        while self._going_on(since):
            answer = await self.http.post(f"{self.steering}/changes", json={"count": self.options.changes})
            self.changes.update(answer.raise_for_status().json())
            await asyncio.sleep(_CHANGE_EVERY)

    async def _ask(self, since: float) -> None:
        """Users who want to see now what is new, at one API process or the other."""
        async with asyncio.TaskGroup() as asking:
            while self._going_on(since):
                asking.create_task(self._ask_once())
                await asyncio.sleep(self.options.ask_every)

    async def _ask_once(self) -> None:
        user, (_, address) = self.random.choice(self.company.users), self.random.choice(self.apis)
        asked = time.time()
        answer = await synced_by_hand(self.http, address, user)
        result = (answer.get("data") or {}).get("syncCalendars") or {"errors": answer["errors"], "syncedCalendars": 0}
        is_whole = not result["errors"] and result["syncedCalendars"] == len(user.accounts)
        self.answers.append(Answer(time.time() - asked, is_whole, str(result)))

    async def _all_read_since(self, moment: float) -> None:
        """Wait until every connection has a successful run that began after `moment`; not for ever."""
        succeeded = (
            "SELECT count(DISTINCT connection_id) AS read FROM sync_runs "
            "WHERE status = 'succeeded' AND started_at > to_timestamp($1)"
        )
        until = time.monotonic() + self.options.patience
        while (read := (await self.server.rows(succeeded, moment))[0]["read"]) < len(self.company.connections):
            if time.monotonic() > until:
                errors = await self.server.rows("SELECT last_error FROM connections WHERE last_error <> '' LIMIT 1")
                raise TimeoutError(f"{read} of {len(self.company.connections)} connections were read. {errors}")
            await asyncio.sleep(_LOOK_EVERY)

    def _cpu(self) -> Mapping[str, float]:
        """CPU seconds so far."""
        return {
            "workers": self.workers.cpu(),
            "PostgreSQL": self.server.cpu(),
            "API": sum(child.cpu() for child, _ in self.apis),
            "simulated vendors": self.vendors.cpu(),
        }

    async def _evidence(self, since: float, until: float, spent: Mapping[str, float]) -> Evidence:
        journal = (await self.http.get(f"{self.steering}/journal")).json()
        titles = (await self.http.get(f"{self.steering}/titles")).json()
        runs = await self.server.rows(
            "SELECT connection_id, status, new_events, updated_events, removed_events, started_at, finished_at "
            "FROM sync_runs ORDER BY finished_at"
        )
        stored = await self.server.rows("SELECT connection_id, title FROM occurrences ORDER BY title")
        return Evidence(
            interval=self.options.interval,
            since=since,
            until=until,
            journal=[Entry(**entry) for entry in journal],
            kills=self.kills,
            answers=self.answers,
            changes=self.changes,
            simulated={name: tuple(each) for name, each in titles.items()},
            stored=self._by_account(stored, "title"),
            finished=self._by_account([row for row in runs if row["status"] == "succeeded"], "finished_at"),
            counted=Counter(
                {kind: sum(row[f"{kind}_events"] for row in runs) for kind in ("new", "updated", "removed")}
            ),
            runs=[
                (row["finished_at"] - row["started_at"]).total_seconds()
                for row in runs
                if row["finished_at"] and since <= row["started_at"].timestamp() < until
            ],
            cpu=spent,
            slack=self.options.slack,
        )

    def _by_account(self, rows: Sequence[Mapping[str, Any]], column: str) -> Mapping[str, Sequence[Any]]:
        found: dict[str, list[Any]] = {name: [] for name in self.company.connections.values()}
        for row in rows:
            found[self.company.connections[row["connection_id"]]].append(row[column])
        return {name: tuple(each) for name, each in found.items()}


@asynccontextmanager
async def prepared(options: Options, server: PostgreSQL, folder: Path) -> AsyncGenerator[Proof]:
    """Vendors with accounts, all of them connected, and the API; no workers yet. All of it is ended on leaving."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=120))
        serving = announced(folder / "vendors.log", "bench.scale.vendors", str(options.connections))
        vendors, steering = await stack.enter_async_context(serving)
        found = (await http.get(f"{steering}/settings")).json()
        settings = settings_for(server.url, found, options.interval)
        chosen = Settings.model_validate({name.lower(): value for name, value in settings.items()})
        async with open_services(chosen) as services:
            company = Company(services, http)
            await company.connect((await http.get(f"{steering}/accounts")).json())
        await http.delete(f"{steering}/journal")
        apis = [await stack.enter_async_context(_api(folder, number, settings)) for number in range(options.apis)]
        workers = Workers(folder, settings)
        stack.push_async_callback(workers.end)
        yield Proof(options, server, http, vendors, steering, company, apis, workers)


@asynccontextmanager
async def _api(folder: Path, number: int, settings: Mapping[str, str]) -> AsyncGenerator[tuple[Child, str]]:
    """A process that only asks, and its address."""
    serve = partial(running, folder / f"api-{number}.log", "calendar_sync.cli", "serve", "--no-worker", "--port", "0")
    async with serve(**settings) as child:
        listening = await child.logged("Listening.")
        yield child, f"http://{listening['host']}:{listening['port']}"


async def prove(options: Options, server: PostgreSQL, folder: Path) -> Evidence:
    async with prepared(options, server, folder) as proof:
        return await proof.run()


async def _proved(options: Options) -> int:
    with tempfile.TemporaryDirectory() as folder:
        async with postgres.running() as server:
            evidence = await prove(options, server, Path(folder))
    claims = claims_of(evidence)
    print(report(evidence, claims))
    return 0 if all(claim.holds for claim in claims) else 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    usual = Options()
    parser.add_argument("--minutes", type=float, default=usual.seconds / 60, metavar="N")
    parser.add_argument("--connections", type=int, default=usual.connections, metavar="N")
    parser.add_argument("--workers", type=int, default=usual.workers, metavar="N")
    parser.add_argument("--interval-seconds", type=float, default=usual.interval, metavar="N")
    parser.add_argument("--kill-every", type=float, default=usual.kill_every, metavar="SECONDS")


def main(options: argparse.Namespace) -> int:
    chosen = Options(
        connections=options.connections,
        seconds=options.minutes * 60,
        interval=options.interval_seconds,
        workers=options.workers,
        kill_every=options.kill_every,
    )
    return asyncio.run(_proved(chosen))
