"""Makes the deliveries that are due. What is due stands in the store; this only takes, sends and looks again."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import SystemRandom

from calendar_sync.domain.errors import CalendarSyncError, StoreUnavailable
from calendar_sync.domain.webhooks import MOST_PATIENCE, Answer, DeliveryState, Sender, wait
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_endpoints import unseal_url
from calendar_sync.store.webhook_deliveries import Ended, Taken
from calendar_sync.webhooks.signing import signed_headers

_log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""After how long what a process that died was at is attempted again: longer than any attempt takes."""
MOST = 64
"""Attempts that one process makes at a time."""
MOST_EACH = 8
"""Attempts at one endpoint that are under way, in all processes."""
GRACE = 3.0
"""Seconds that attempts under way have to come to their end when the process is told to end."""
LOOK_EVERY = 0.5
"""Seconds between two looks where other processes write, too, and after this one wrote."""
EMBEDDED_LOOK = 5.0
"""Seconds between two looks of the one process that serves a SQLite file: it is woken by what it writes."""
_LONGEST_WAIT = 5.0  # seconds, for a store that is away
_TIDY_EVERY = timedelta(minutes=1)
_MOST_TRIMMED = 1_000

WANTS_NO_MORE = "The endpoint answered 410 Gone: it wants no more."
TOOK_NOTHING = f"Nothing could be delivered for {MOST_PATIENCE.days} days."


@dataclass(slots=True)
class Deliverer:
    """One for a process, any number over one store.

    `history` is how long messages are kept that nobody waits for. `look_every` is in seconds. `chance` is in [0, 1).
    """

    database: Database
    keyring: Keyring
    sender: Sender
    clock: Callable[[], datetime]
    history: timedelta = timedelta(days=30)
    lease: timedelta = LEASE
    most_each: int = MOST_EACH
    grace: float = GRACE
    look_every: float = LOOK_EVERY
    chance: Callable[[], float] = field(default_factory=lambda: SystemRandom().random)
    _work: asyncio.Task[None] | None = None
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _soon: asyncio.Event = field(default_factory=asyncio.Event)
    _waking: asyncio.TimerHandle | None = None
    _due_at: datetime | None = None
    _is_stopping: bool = False
    _tidy_at: datetime | None = None

    def start(self) -> None:
        """Begin to deliver, if it has not."""
        if self._work is None:
            self._work = asyncio.create_task(self._keep_working(), name="webhooks")

    def wake(self) -> None:
        """This process wrote something to deliver. However often it is said, two looks a second follow."""
        if self._work is not None and self._waking is None:
            self._waking = asyncio.get_running_loop().call_later(LOOK_EVERY, self._soon.set)

    def stop_taking(self) -> None:
        """Take no more; what is under way goes on."""
        self._is_stopping = True
        self._soon.set()

    async def close(self) -> None:
        """End in good order: what does not come to its end soon is handed back, to be attempted anew."""
        self.stop_taking()
        if self._work is not None:
            await asyncio.gather(self._work, return_exceptions=True)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self.grace)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def step(self) -> int:
        """Take what is due, as far as there is room, and begin to send it; how many. Raises `StoreUnavailable`."""
        room, now = MOST - len(self._under_way), self.clock()
        if room <= 0:
            return 0
        async with self.database.begin(write=False) as tx:
            due_at = self._due_at = await tx.webhook_deliveries.next_due()
        if due_at is None or due_at > now:
            return 0
        taken = await self._taken(now, room)
        for each in taken:
            task = asyncio.create_task(self._deliver(each), name=f"webhook {each.id}")
            self._under_way.add(task)
            task.add_done_callback(self._done)
        return len(taken)

    async def drained(self) -> None:
        """Wait until nothing is under way here."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _taken(self, now: datetime, room: int) -> Sequence[Taken]:
        async with self.database.begin() as tx:
            return await tx.webhook_deliveries.take(now, now + self.lease, room, self.most_each)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._soon.set()

    async def _keep_working(self) -> None:
        while not self._is_stopping:
            self._soon.clear()
            self._waking = None
            pause = await self._worked()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._soon.wait()

    async def _worked(self) -> float:
        """After how many seconds to look again, if nothing ends before."""
        try:
            await self.step()
            await self._tidy()
        except StoreUnavailable as error:
            _log.warning("No webhooks are delivered for now: %s", error.message)
            return _LONGEST_WAIT
        except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours from ending all deliveries
            _log.error("Taking up webhooks failed by a fault of this program.", exc_info=error)
            return _LONGEST_WAIT
        return self._pause()

    def _pause(self) -> float:
        if self._due_at is None:
            return self.look_every
        return min(max((self._due_at - self.clock()).total_seconds(), LOOK_EVERY), self.look_every)

    async def _tidy(self) -> None:
        now = self.clock()
        if self._tidy_at is not None and now < self._tidy_at:
            return
        trimmed = _MOST_TRIMMED
        while trimmed == _MOST_TRIMMED:
            async with self.database.begin() as tx:
                trimmed = await tx.webhook_log.trim(now - self.history, _MOST_TRIMMED)
        self._tidy_at = now + _TIDY_EVERY

    async def _deliver(self, taken: Taken) -> None:
        """Never raises: what cannot be stored is attempted again when the lease is out."""
        try:
            answer = await self._answer(taken)
            await self._end(taken, answer)
        except asyncio.CancelledError:
            await self._hand_back(taken)
            raise
        except StoreUnavailable as error:
            _log.warning("What came of a webhook was not stored: %s", error.message, extra={"delivery": taken.id})
        except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours to the delivery
            _log.error("A webhook failed by a fault of this program.", exc_info=error, extra={"delivery": taken.id})

    async def _answer(self, taken: Taken) -> Answer:
        endpoint = taken.endpoint
        try:
            url = unseal_url(self.keyring, endpoint.sealed.id, endpoint.sealed.url)
            secrets = endpoint.secrets(self.keyring, taken.started_at)
        except CalendarSyncError:  # its key is not on the ring
            return Answer(None, error="unreadable_endpoint")
        headers = signed_headers(taken.message, taken.payload, secrets, taken.started_at)
        return await self.sender.post(url, headers, taken.payload.encode())

    async def _end(self, taken: Taken, answer: Answer) -> None:
        ended = self._judged(taken, answer)
        async with self.database.begin() as tx:
            is_mine = await tx.webhook_deliveries.end(taken, ended)
            if is_mine and answer.is_gone:
                await tx.webhook_endpoints.disable(taken.endpoint.sealed.id, WANTS_NO_MORE)
            if ended.state is DeliveryState.FAILED:
                since = ended.at - MOST_PATIENCE
                await tx.webhook_endpoints.disable(taken.endpoint.sealed.id, TOOK_NOTHING, if_failing_since=since)

    def _judged(self, taken: Taken, answer: Answer) -> Ended:
        now = self.clock()
        took = now - taken.started_at
        if answer.is_taken:
            return Ended(answer, DeliveryState.DELIVERED, None, now, took)
        if answer.is_gone:
            return Ended(answer, DeliveryState.GONE, None, now, took)
        pause = wait(taken.failed + 1, self.chance(), answer.retry_after)
        if pause is None:
            return Ended(answer, DeliveryState.FAILED, None, now, took)
        return Ended(answer, DeliveryState.PENDING, now + pause, now, took)

    async def _hand_back(self, taken: Taken) -> None:
        with suppress(StoreUnavailable):
            async with self.database.begin() as tx:
                await tx.webhook_deliveries.hand_back(taken, self.clock())
