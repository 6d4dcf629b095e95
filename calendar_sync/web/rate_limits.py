"""Token buckets: who may ask how often, in the memory of one process."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

_MOST_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a bucket said. `resets_at` is the Unix time at which it is full again."""

    is_granted: bool
    limit: int
    remaining: int
    retry_after: timedelta
    resets_at: int


class TokenBuckets:
    """One bucket a key, which fills at `per_minute` and holds as much.

    No more than `most_keys` are remembered; the one unused for the longest time is forgotten first, that is, full.
    With several processes each counts for itself.
    """

    def __init__(
        self, per_minute: int, *, most_keys: int = _MOST_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = per_minute
        self._per_second = per_minute / 60
        self._most_keys = most_keys
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> Allowance:
        """Takes one token out of the key's bucket, if there is one."""
        now = self._clock()
        tokens, filled_at = self._buckets.pop(key, (float(self._limit), now))
        tokens = min(float(self._limit), tokens + (now - filled_at) * self._per_second)
        is_granted = tokens >= 1
        if is_granted:
            tokens -= 1
        self._buckets[key] = (tokens, now)
        if len(self._buckets) > self._most_keys:
            self._buckets.popitem(last=False)
        return self._allowance(is_granted, tokens)

    def _allowance(self, is_granted: bool, tokens: float) -> Allowance:
        wait = 0.0 if is_granted else (1 - tokens) / self._per_second
        full_in = (self._limit - tokens) / self._per_second
        return Allowance(is_granted, self._limit, int(tokens), timedelta(seconds=wait), ceil(time.time() + full_in))
