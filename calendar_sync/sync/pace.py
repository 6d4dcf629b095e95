"""How long after a run the next one is due, when nobody asks for it before."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import SystemRandom

LONGEST_BACK_OFF = timedelta(hours=1)
WHILE_PUSHED = 6
"""How many times rarer a connection is polled whose provider pushes: what push may lose is found all the same."""
_JITTER = 0.25


@dataclass(frozen=True, slots=True)
class Pace:
    """`interval` is that of a connection whose provider does not push. `chance` is in [0, 1)."""

    interval: timedelta = timedelta(minutes=5)
    chance: Callable[[], float] = field(default_factory=lambda: SystemRandom().random)

    def wait(
        self,
        *,
        failed: int = 0,
        retry_after: timedelta | None = None,
        pushed: timedelta | None = None,
        wanted: timedelta | None = None,
    ) -> timedelta:
        """`failed` runs in a row have come to nothing. Push is live, and has to be renewed after `pushed`. Somebody
        set the interval of this connection, to `wanted`: then push makes it no longer.

        A quarter more or less at random, so that connections which came together do not stay together.
        """
        interval = wanted or self.interval
        if failed:
            wait = self._jittered(min(interval * 2**failed, max(interval, LONGEST_BACK_OFF)))
        elif pushed is not None and wanted is None:
            wait = max(min(self._jittered(interval * WHILE_PUSHED), pushed), self._jittered(interval))
        else:
            wait = self._jittered(interval)
        # Whom a vendor names the same time do not come at the same time, and none of them before it.
        return max(wait, (retry_after or timedelta()) * (1 + _JITTER * self.chance()))

    def _jittered(self, wait: timedelta) -> timedelta:
        return wait * (1 - _JITTER + 2 * _JITTER * self.chance())
