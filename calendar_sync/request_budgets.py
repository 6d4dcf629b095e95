"""Where the processes over one PostgreSQL reserve what they may send to vendors."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from time import monotonic

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.store.database import Database
from providers.shared_budgets import Reservation

PATIENCE = 5.0
"""Seconds after which the store counts as away."""


@dataclass(frozen=True, slots=True)
class StoredReservations:
    """`providers.shared_budgets.Reservations` in the store.

    A store that does not answer stops the requests too: it could not take in what they bring, and other processes may
    be sending. Those who ask are told, as with any use of the store, and come back when it does.
    """

    database: Database
    clock: Callable[[], float] = monotonic
    patience: float = PATIENCE

    async def reserve(self, key: str, span: float, ahead: float) -> Reservation | None:
        """See `Reservations`."""
        try:
            async with asyncio.timeout(self.patience), self.database.at_once() as tx:
                asked = self.clock()
                wait = await tx.budgets.reserve(key, _rounded_up(span), timedelta(seconds=ahead))
        except TimeoutError as err:
            raise StoreUnavailable("The store did not answer in time.") from err
        return None if wait is None else Reservation(asked, wait.total_seconds())


def _rounded_up(seconds: float) -> timedelta:
    return timedelta(microseconds=ceil(seconds * 1_000_000))
