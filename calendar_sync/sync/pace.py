"""How long after a run the next one is due, when nobody asks for it before, and what decides so."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from secrets import SystemRandom

from calendar_sync.domain.schedule import DueReason

LONGEST_BACK_OFF = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=1)
"""Whatever makes polling rarer: a run a day extends endless series as the window moves on, and renews channels."""
WHILE_PUSHED = 6
"""How many times rarer a connection is polled whose provider pushes: what push may lose is found all the same."""
_JITTER = 0.25
_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What sets the pace of one connection.

    An administrator `wanted` an interval, its feed `published` one. `is_pushed` says that every calendar of it is
    pushed, `renew_in` how soon the first of its channels has to be renewed.
    """

    wanted: timedelta | None = None
    published: timedelta | None = None
    is_pushed: bool = False
    renew_in: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    length: timedelta
    reason: DueReason


@dataclass(frozen=True, slots=True)
class Pace:
    """`interval` is that of a connection whose provider does not push. `chance` is in [0, 1)."""

    interval: timedelta = timedelta(minutes=5)
    chance: Callable[[], float] = field(default_factory=lambda: SystemRandom().random)

    def wait(self, rhythm: Rhythm, *, failed: int = 0, retry_after: timedelta | None = None) -> Wait:
        """`failed` runs in a row have come to nothing; the provider wants to be left alone for `retry_after`."""
        found = self._renewing(self.in_force(rhythm), rhythm.renew_in)
        if failed:
            found = Wait(self.spread(self._back_off(rhythm, failed)), DueReason.BACKING_OFF)
        if retry_after is not None:
            # Whom a provider names the same time do not come back at once, and none of them before it.
            earliest = retry_after + min(retry_after, LONGEST_BACK_OFF) * _JITTER * self.chance()
            found = max(found, Wait(earliest, DueReason.RATE_LIMITED), key=lambda each: each.length)
        return found

    def in_force(self, rhythm: Rhythm) -> Wait:
        """The interval of such a connection, before chance.

        What an administrator set goes before all else. A feed can only ask to be read more seldom, up to a day.
        """
        longest = max(self.interval, LONGEST_WAIT)
        if rhythm.wanted is not None:
            return Wait(rhythm.wanted, DueReason.ORGANIZATION_INTERVAL)
        if rhythm.is_pushed:
            return Wait(min(self.interval * WHILE_PUSHED, longest), DueReason.PUSHED)
        if rhythm.published is not None and rhythm.published > self.interval:
            return Wait(min(rhythm.published, longest), DueReason.FEED_INTERVAL)
        return Wait(self.interval, DueReason.INTERVAL)

    def spread(self, wait: timedelta) -> timedelta:
        """A quarter more or less at random, so that connections which came together do not stay together.

        Not more than a day by it, unless `wait` is more already.
        """
        return min(wait * (1 - _JITTER + 2 * _JITTER * self.chance()), max(wait, LONGEST_WAIT))

    def _renewing(self, usual: Wait, renew_in: timedelta | None) -> Wait:
        """The usual wait, or a shorter one in which a channel is renewed; but not run after run, should that fail."""
        wait = Wait(self.spread(usual.length), usual.reason)
        if renew_in is None or renew_in >= wait.length:
            return wait
        soonest = max(renew_in, self.spread(min(usual.length, self.interval)))
        return Wait(soonest, DueReason.CHANNEL_RENEWAL) if soonest < wait.length else wait

    def _back_off(self, rhythm: Rhythm, failed: int) -> timedelta:
        """Twice the interval after the first failure, then twice that, up to an hour or the interval."""
        usual = self.in_force(replace(rhythm, is_pushed=False)).length
        return min(usual * (1 << min(failed, _MOST_DOUBLINGS)), max(usual, LONGEST_BACK_OFF))
