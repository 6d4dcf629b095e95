"""What so many connections need: processes, cores, statements, bytes, sockets. Arithmetic alone, no queueing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil

from calendar_sync.store.queue_tables import KEPT_LOG

GIB = 2**30
_DAY = timedelta(days=1).total_seconds()


@dataclass(frozen=True, slots=True)
class Costs:
    """What one run costs that finds nothing new, as `python -m bench.scale workers` and `proof` measure it.

    CPU and times in seconds. `latency` is what a run waits for its provider in all. `row_bytes` is a row of the queue's
    log or of the record of runs, its indexes included.
    """

    worker_cpu: float = 0.03
    database_cpu: float = 0.015
    latency: float = 0.4
    statements: float = 52
    rows: float = 19
    wal: float = 9_400
    row_bytes: float = 350
    log_rows: float = 3
    requests: float = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is run. `busy` is how much of a core or a slot may be used in the mean; the rest is for bursts.

    A store is one PostgreSQL with at most `store_cores`, and at most `store_connections` to it; where that does not do,
    organisations are spread over several. `pool` and `runs_kept` are the defaults of the settings.
    """

    interval: timedelta = timedelta(minutes=15)
    slots: int = 8
    pool: int = 10
    busy: float = 0.6
    store_cores: int = 16
    store_connections: int = 500
    log_kept: timedelta = KEPT_LOG
    runs_kept: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a vendor allows one app: requests a second, and the share of all connections that are at this vendor."""

    requests: float
    share: float


QUOTAS: Mapping[str, Quota] = {
    "Google project": Quota(10_000 / 60, 0.45),
    "Microsoft app": Quota(2_000, 0.35),
}
"""As `CALENDAR_SYNC_GOOGLE_REQUESTS_PER_MINUTE` and `CALENDAR_SYNC_MICROSOFT_REQUESTS_PER_SECOND` have them. Zoom,
CalDAV servers and feeds limit each account, which a run every few minutes never comes near."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many connections, evenly due."""

    connections: int
    costs: Costs = Costs()
    plan: Plan = Plan()
    quotas: Mapping[str, Quota] = field(default_factory=lambda: QUOTAS)

    @property
    def rate(self) -> float:
        """Runs a second."""
        return self.connections / self.plan.interval.total_seconds()

    @property
    def runs_per_worker(self) -> float:
        """A second, at most: a worker is one thread with a number of slots, and a run holds its slot while it waits."""
        return min(1 / self.costs.worker_cpu, self.plan.slots / (self.costs.latency + self.costs.worker_cpu))

    @property
    def workers(self) -> int:
        return max(2, ceil(self.rate / (self.runs_per_worker * self.plan.busy)))

    @property
    def worker_cores(self) -> float:
        return self.rate * self.costs.worker_cpu / self.plan.busy

    @property
    def database_cores(self) -> float:
        """Of all stores together."""
        return self.rate * self.costs.database_cpu / self.plan.busy

    @property
    def stores(self) -> int:
        by_cores = self.database_cores / self.plan.store_cores
        return max(1, ceil(by_cores), ceil(self.workers * self.plan.pool / self.plan.store_connections))

    @property
    def shard(self) -> "Fleet":
        """What one of the stores carries."""
        return self.part(ceil(self.connections / self.stores))

    def part(self, connections: int) -> "Fleet":
        return replace(self, connections=connections)

    @property
    def under_way(self) -> float:
        """Runs at any moment (Little's law): as many sockets to vendors are open."""
        return self.rate * (self.costs.latency + self.costs.worker_cpu)

    @property
    def database_connections(self) -> int:
        """Of workers to one store, at most."""
        return ceil(self.workers / self.stores) * self.plan.pool

    @property
    def log_bytes(self) -> float:
        return self.rate * self.costs.log_rows * self.plan.log_kept.total_seconds() * self.costs.row_bytes

    @property
    def runs_bytes(self) -> float:
        return self.rate * self.plan.runs_kept.total_seconds() * self.costs.row_bytes

    @property
    def wal_bytes_a_day(self) -> float:
        return self.rate * self.costs.wal * _DAY

    def used(self) -> Mapping[str, float]:
        """How much of each thing that cannot be had twice is used; the largest is the limit that comes first.

        The quotas of vendors are an app's, whatever runs it; one store can be divided, and one core is no worker's end.
        """
        asked = {
            name: self.rate * quota.share * self.costs.requests / quota.requests for name, quota in self.quotas.items()
        }
        return {
            "one worker": self.rate / self.runs_per_worker,
            "one store": self.rate * self.costs.database_cpu / self.plan.store_cores,
            **asked,
        }

    @property
    def first_limit(self) -> str:
        """Of those that more processes do not lift."""
        hard = {name: used for name, used in self.used().items() if name != "one worker"}
        name = max(hard, key=lambda each: hard[each])
        return f"{name} {hard[name]:.0%}"
