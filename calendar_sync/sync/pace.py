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
    ) -> timedelta:
        """`failed` runs in a row have come to nothing. Push is live, and has to be renewed after `pushed`.

        A quarter more or less at random, so that connections which came together do not stay together.
        """
        if failed:
            backed_off = min(self.interval * 2**failed, max(self.interval, LONGEST_BACK_OFF))
            wait = self._jittered(backed_off)
        elif pushed is not None:
            wait = max(min(self._jittered(self.interval * WHILE_PUSHED), pushed), self._jittered(self.interval))
        else:
            wait = self._jittered(self.interval)
        return max(wait, retry_after or timedelta())

    def _jittered(self, wait: timedelta) -> timedelta:
        return wait * (1 - _JITTER + 2 * _JITTER * self.chance())
