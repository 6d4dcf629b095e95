"""Connections whose provider was away come back spread out, and never all in one moment."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from calendar_sync.sync.pace import Pace, Rhythm

CONNECTIONS = 1000
OUTAGE = 3600.0
MOST_IN_A_SECOND = 8
"""Of the thousand. Evenly spread over a quarter of an hour there is one in each second."""


def came_back(pace: Pace, ask_for: Callable[[float], timedelta | None], begins: Callable[[], float]) -> list[float]:
    """When each connection is synced first after the outage, in seconds from its beginning.

    While it lasts each run fails, and the provider names the wait of `ask_for`, if it names one.
    """
    found = []
    for _ in range(CONNECTIONS):
        at, failed = begins(), 0
        while at < OUTAGE:
            failed += 1
            named = ask_for(at)
            wait = pace.wait(Rhythm(), failed=failed, retry_after=named).length
            assert wait >= (named or timedelta()), "nobody comes before it is told to"
            at += wait.total_seconds()
        found.append(at)
    return found


ASKED_FOR = {
    "no wait is named": lambda _: None,
    "a minute": lambda _: timedelta(minutes=1),
    "the same hour for all": lambda _: timedelta(hours=1),
    "the same end for all": lambda at: timedelta(seconds=OUTAGE - at),
}


@pytest.mark.parametrize("ask_for", ASKED_FOR.values(), ids=ASKED_FOR)
@pytest.mark.parametrize("interval", [timedelta(minutes=5), timedelta(minutes=15)], ids=["5 min", "15 min"])
@pytest.mark.parametrize("at_once", [True, False], ids=["all in the same moment", "one after the other"])
def test_after_an_hours_outage_no_second_gets_more_than_its_share(
    ask_for: Callable[[float], timedelta | None], interval: timedelta, at_once: bool
) -> None:
    """However they came to fail: all in the same moment, or spread over their interval."""
    chance = Random(20)
    pace = Pace(interval, chance.random)

    found = came_back(pace, ask_for, lambda: 0.0 if at_once else chance.uniform(0, interval.total_seconds()))

    seconds = Counter(int(at) for at in found)
    assert max(seconds.values()) <= MOST_IN_A_SECOND, seconds.most_common(3)
    assert min(found) >= OUTAGE


def test_those_who_are_told_the_same_hour_are_back_within_a_quarter_more() -> None:
    chance = Random(20)

    found = came_back(Pace(chance=chance.random), lambda _: timedelta(hours=1), lambda: 0.0)

    assert min(found) >= OUTAGE
    assert max(found) <= 1.25 * OUTAGE
