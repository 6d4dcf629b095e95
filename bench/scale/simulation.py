"""The schedule of one store on paper: connections that become due, workers that take them, a database that they share.

Time is simulated, so an hour of a quarter of a million connections takes seconds. What decides when a connection is
due again is the product's own `Pace`. A run is taken in the order in which it became due, at the first look of the
schedule after that, by the slot that is free first; it costs CPU of its worker, which is one thread, and of the
database, whose cores are taken for one that is as quick as all of them; and it waits for its provider.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heapreplace
from random import Random

from bench.scale.fleet import Fleet
from calendar_sync.sync.pace import Pace, Rhythm

LOOK = 0.25
"""Seconds between two looks of a worker's schedule, at most; those of several workers fall in between one another."""
POLL = 0.25
"""Seconds after which an idle worker looks into the queue."""
_POLLED = Rhythm()


@dataclass(frozen=True, slots=True)
class Outage:
    """From `begin` to `end`, in seconds. Of the store or of every worker: no run begins. Of vendors: all runs fail."""

    begin: float = 0.0
    end: float = 0.0

    def covers(self, moment: float) -> bool:
        return self.begin <= moment < self.end

    def over(self, moment: float) -> float:
        """The moment, or the end of the outage that it falls into."""
        return self.end if self.covers(moment) else moment


@dataclass(slots=True)
class Passed:
    """When each run was due and when it began, in seconds; and when the last run began that mended a failed one."""

    due: list[float] = field(default_factory=list)
    began: list[float] = field(default_factory=list)
    mended: float = 0.0

    def lateness(self, since: float, until: float) -> Sequence[float]:
        """From due to begun, sorted, of the runs that were due in that time."""
        return sorted(began - due for due, began in zip(self.due, self.began, strict=True) if since <= due < until)

    def recovered(self, outage: Outage, calm: float) -> float:
        """Seconds from the end of the outage until the last run began that was later than `calm` because of it."""
        runs = zip(self.due, self.began, strict=True)
        return max((began for due, began in runs if due >= outage.begin and began - due > calm), default=0) - outage.end


@dataclass(slots=True)
class _Worker:
    """Its one thread is free again at that time."""

    free: float = 0.0


def simulate(
    fleet: Fleet,
    seconds: float,
    *,
    away: Outage = Outage(),
    failing: Outage = Outage(),
    chance: Random | None = None,
) -> Passed:
    """`seconds` of one store with all the connections of the fleet, which begin evenly spread over the interval."""
    random, passed, costs = chance or Random(47), Passed(), fleet.costs
    pace, interval = Pace(fleet.plan.interval, random.random), fleet.plan.interval.total_seconds()
    waiting = [(random.uniform(0, interval), 0) for _ in range(fleet.connections)]
    heapify(waiting)
    workers = [_Worker() for _ in range(fleet.workers)]
    slots = [(0.0, number, workers[number % len(workers)]) for number in range(len(workers) * fleet.plan.slots)]
    database, of_database = 0.0, costs.database_cpu / max(1.0, fleet.database_cores)
    while waiting[0][0] < seconds:
        (due, failed), (free, number, worker) = waiting[0], slots[0]
        seen = away.over(due + random.uniform(0, LOOK / len(workers)))
        began = away.over(max(free, seen + random.uniform(0, POLL)))
        passed.due.append(due)
        passed.began.append(began)
        worker.free = max(worker.free, began) + costs.worker_cpu
        database = max(database, began) + of_database
        ended = max(worker.free, database) + random.expovariate(1 / costs.latency)
        if failing.covers(began):
            failed += 1
        elif failed:
            failed, passed.mended = 0, began
        heapreplace(slots, (ended, number, worker))
        heapreplace(waiting, (ended + pace.wait(_POLLED, failed=failed).length.total_seconds(), failed))
    return passed
