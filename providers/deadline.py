"""How long a server may take over its answer. What we make ourselves wait for does not count."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Deadline:
    """Of the task that makes it; `async with deadline.kept():` ends in `TimeoutError` when it is missed."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        async with self._timeout:
            yield

    def allows(self, seconds: float) -> bool:
        """Whether it is further away than this."""
        end = self._timeout.when()
        return end is None or _now() + seconds < end

    @asynccontextmanager
    async def stopped(self, *, but_for: float = 0.0) -> AsyncGenerator[None]:
        """The time spent in here puts the deadline off, `but_for` that many seconds."""
        end, began = self._timeout.when(), _now()
        self._timeout.reschedule(None)
        try:
            yield
        finally:
            if end is not None:
                self._timeout.reschedule(end + max(0.0, _now() - began - but_for))


def _now() -> float:
    return asyncio.get_running_loop().time()
