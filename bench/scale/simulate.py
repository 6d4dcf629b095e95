"""`python -m bench.scale simulate`: what 1,000 to 1,000,000 connections need, as one table."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta

from bench.scale.fleet import GIB, Costs, Fleet, Plan
from bench.scale.simulation import Outage, Passed, simulate

SIZES = (1_000, 10_000, 100_000, 1_000_000)
OUTAGE = timedelta(minutes=10).total_seconds()
MOST_SIMULATED = 20_000
"""Connections. More are no news: of a larger store a part is simulated, with its part of the workers and cores."""
CALM = 30.0
"""Seconds that a run may be late before an outage counts as not over."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A fleet, and what one store of it went through: calm intervals; ten minutes away; ten minutes without vendors."""

    fleet: Fleet
    calm: Passed
    away: Passed
    failing: Passed

    @property
    def p95(self) -> float:
        since, until = _outage(self.fleet).begin / 2, _outage(self.fleet).begin
        found = self.calm.lateness(since, until)
        return found[int(len(found) * 0.95)]

    @property
    def recovery(self) -> float:
        return max(0.0, self.away.recovered(_outage(self.fleet), CALM))

    @property
    def mending(self) -> float:
        return self.failing.mended - _outage(self.fleet).end


def simulated(fleet: Fleet) -> Simulated:
    outage, part = _outage(fleet), fleet.part(min(fleet.shard.connections, MOST_SIMULATED))
    return Simulated(
        fleet,
        simulate(part, outage.begin),
        simulate(part, outage.end + outage.begin, away=outage),
        simulate(part, outage.end + 5 * outage.begin, failing=outage),
    )


def _outage(fleet: Fleet) -> Outage:
    """After the second interval, when what came evenly is as the pace has it."""
    begin = 2 * fleet.plan.interval.total_seconds()
    return Outage(begin, begin + OUTAGE)


_ROWS: Sequence[tuple[str, Callable[[Simulated], str]]] = (
    ("runs a second", lambda s: f"{s.fleet.rate:,.1f}"),
    ("worker processes", lambda s: f"{s.fleet.workers:,}"),
    ("cores for workers", lambda s: f"{s.fleet.worker_cores:,.1f}"),
    ("cores for PostgreSQL", lambda s: f"{s.fleet.database_cores:,.1f}"),
    ("stores (shards by organisation)", lambda s: f"{s.fleet.stores}"),
    ("  cores of each", lambda s: f"{s.fleet.shard.database_cores:,.1f}"),
    ("  connections of each to workers", lambda s: f"{s.fleet.database_connections:,}"),
    ("statements a second", lambda s: f"{s.fleet.rate * s.fleet.costs.statements:,.0f}"),
    ("rows written a second", lambda s: f"{s.fleet.rate * s.fleet.costs.rows:,.0f}"),
    ("WAL, GiB a day", lambda s: f"{s.fleet.wal_bytes_a_day / GIB:,.1f}"),
    ("queue's log, GiB", lambda s: f"{s.fleet.log_bytes / GIB:,.2f}"),
    ("record of runs, GiB", lambda s: f"{s.fleet.runs_bytes / GIB:,.2f}"),
    ("sockets to vendors", lambda s: f"{s.fleet.under_way:,.0f}"),
    ("used of one store", lambda s: f"{s.fleet.used()['one store']:.0%}"),
    ("used of Google's quota", lambda s: f"{s.fleet.used()['Google project']:.0%}"),
    ("used of Microsoft's quota", lambda s: f"{s.fleet.used()['Microsoft app']:.0%}"),
    ("first limit", lambda s: s.fleet.first_limit),
    ("p95 lateness, s (simulated)", lambda s: f"{s.p95:.2f}"),
    ("store 10 min away: on time after, s", lambda s: f"{s.recovery:,.0f}"),
    ("vendors 10 min away: all read after", lambda s: f"{s.mending:,.0f}"),
)


def table(found: Sequence[Simulated]) -> str:
    head = f"{'connections':36}" + "".join(f"{each.fleet.connections:>20,}" for each in found)
    return "\n".join([head, *(f"{name:36}" + "".join(f"{of(each):>20}" for each in found) for name, of in _ROWS)])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connections", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--interval-minutes", type=float, default=15, metavar="N")
    parser.add_argument("--store-cores", type=int, default=Plan().store_cores, metavar="N")
    costs = parser.add_argument_group("what one run costs", "as `workers` and `proof` measure it")
    for each in fields(Costs):
        costs.add_argument(f"--{each.name.replace('_', '-')}", type=float, default=each.default, metavar="N")


def main(options: argparse.Namespace) -> int:
    costs = Costs(**{each.name: getattr(options, each.name) for each in fields(Costs)})
    plan = Plan(timedelta(minutes=options.interval_minutes), store_cores=options.store_cores)
    print(f"Every connection each {options.interval_minutes:g} minutes, none of them pushed\n")
    print(table([simulated(Fleet(number, costs, plan)) for number in options.connections]))
    return 0
