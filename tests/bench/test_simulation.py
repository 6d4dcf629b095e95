"""The schedule on paper, beside one that is played through tick by tick."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest

from bench.scale.fleet import Costs, Fleet, Plan
from bench.scale.simulate import simulated, table
from bench.scale.simulation import LOOK, POLL, Outage, simulate

TICK = 0.005
COSTS = Costs(worker_cpu=0.1, database_cpu=0.05, latency=1.0)
PLAN = Plan(timedelta(seconds=60), slots=2)


class Even(Random):
    """Chance at its mean."""

    def random(self) -> float:
        return 0.5

    def expovariate(self, lambd: float = 1.0) -> float:
        return 1 / lambd


@dataclass
class Core:
    """Does one piece of work after the other, in ticks."""

    left: list[list[float]] = field(default_factory=list)

    def give(self, seconds: float) -> list[float]:
        piece = [seconds]
        self.left.append(piece)
        return piece

    def work(self, seconds: float) -> None:
        for piece in self.left:
            done = min(piece[0], seconds)
            piece[0] -= done
            seconds -= done
        self.left = [piece for piece in self.left if piece[0] > 1e-9]


@dataclass
class Run:
    pieces: list[list[float]]
    waits: float

    def goes_on(self, now: float) -> bool:
        if any(piece[0] > 1e-9 for piece in self.pieces):
            return True
        self.waits -= TICK
        return self.waits > 0


def played_through(fleet: Fleet, seconds: float, away: Outage = Outage()) -> list[float]:
    """When runs began, found by looking every few milliseconds at who waits, who works and what is free."""
    interval = fleet.plan.interval.total_seconds()
    due = [interval / 2] * fleet.connections
    delay = LOOK / fleet.workers / 2 + POLL / 2
    cores, database = [Core() for _ in range(fleet.workers)], Core()
    slots: list[tuple[int, Run] | None] = [None] * (fleet.workers * fleet.plan.slots)
    began: list[float] = []
    for tick in range(int((seconds + interval) / TICK)):
        now = tick * TICK
        for number, busy in enumerate(slots):
            if busy and not busy[1].goes_on(now):
                slots[number] = None
                due[busy[0]] = now + interval
        for number, busy in enumerate(slots):
            waiting = [
                c for c, at in enumerate(due) if at < seconds and away.over(at + delay - POLL / 2) + POLL / 2 <= now
            ]
            if busy is None and waiting and not away.covers(now):
                connection = min(waiting, key=lambda c: due[c])
                pieces = [
                    cores[number % len(cores)].give(fleet.costs.worker_cpu),
                    database.give(fleet.costs.database_cpu),
                ]
                slots[number] = (connection, Run(pieces, fleet.costs.latency))
                due[connection] = float("inf")
                began.append(now)
        for core in (*cores, database):
            core.work(TICK)
    return began


@pytest.mark.parametrize("connections", [1, 3, 4, 9, 30])
def test_runs_begin_when_they_do_in_one_that_is_played_through(connections: int) -> None:
    fleet = Fleet(connections, COSTS, PLAN)

    found = simulate(fleet, 200, chance=Even()).began

    assert found == pytest.approx(played_through(fleet, 200), abs=0.2)


def test_an_outage_holds_up_what_became_due_in_it_and_nothing_else() -> None:
    fleet, away = Fleet(9, COSTS, PLAN), Outage(20, 100)

    found = simulate(fleet, 200, away=away, chance=Even())

    assert found.began == pytest.approx(played_through(fleet, 200, away), abs=0.2)
    assert not any(away.covers(began) for began in found.began)
    assert min(found.began) == pytest.approx(100 + POLL / 2)


def test_every_connection_has_its_run_each_interval() -> None:
    fleet = Fleet(500, plan=PLAN)

    found = simulate(fleet, 600)

    assert len(found.began) == pytest.approx(500 * 600 / 60, rel=0.05)
    assert found.lateness(0, 600)[-1] < 5


def test_what_failed_with_the_vendors_is_read_within_the_back_off() -> None:
    failing = Outage(60, 120)

    found = simulate(Fleet(100, plan=PLAN), 1_000, failing=failing)

    assert 0 < found.mended - failing.end < 60 * 4 * 1.25 + 5  # two failures in a row at most


def test_a_fleet_is_the_sum_of_its_runs() -> None:
    fleet = Fleet(90_000, Costs(worker_cpu=0.01, database_cpu=0.006, latency=0.39, wal=1_000, rows=5), Plan(busy=0.5))

    assert fleet.rate == pytest.approx(100)
    assert fleet.runs_per_worker == pytest.approx(20)  # 8 slots of 0.4 s each
    assert fleet.workers == 10
    assert fleet.worker_cores == pytest.approx(2)
    assert fleet.database_cores == pytest.approx(1.2)
    assert fleet.under_way == pytest.approx(40)
    assert fleet.database_connections == 100
    assert fleet.wal_bytes_a_day == pytest.approx(100 * 1_000 * 86_400)


def test_a_worker_that_need_not_wait_is_bound_by_its_core() -> None:
    assert Fleet(1, Costs(worker_cpu=0.01, latency=0)).runs_per_worker == pytest.approx(100)


def test_a_fleet_too_large_for_one_store_is_spread_over_several() -> None:
    fleet = Fleet(1_000_000, Costs(database_cpu=0.02), Plan(busy=0.5, store_cores=16, store_connections=10_000))

    assert fleet.database_cores == pytest.approx(44.4, abs=0.1)
    assert fleet.stores == 3
    assert fleet.shard.database_cores <= 16


def test_the_first_limit_is_what_is_used_most() -> None:
    google = Fleet(1_000_000).used()["Google project"]

    assert google == pytest.approx(1_000_000 / 900 * 0.45 * Costs().requests / (10_000 / 60))
    assert Fleet(1_000_000).first_limit == f"Google project {google:.0%}"
    assert Fleet(1_000_000, quotas={}).first_limit.startswith("one store")


def test_the_table_has_a_column_for_each_size() -> None:
    head, *rows = table([simulated(Fleet(number, plan=PLAN)) for number in (50, 100)]).splitlines()

    assert head.split() == ["connections", "50", "100"]
    assert rows[0].split() == ["runs", "a", "second", "0.8", "1.7"]
