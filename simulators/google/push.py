"""Notification channels and what is sent over them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial

from simulators.clock import Clock
from simulators.courier import Courier
from simulators.google.quirks import Quirks

_USER_AGENT = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)"
_RETRIED = {500, 502, 503, 504}
_MOST_TRIES = 5
_BETWEEN_NUMBERS = 3
"""Message numbers rise, but not by one."""


@dataclass(slots=True)
class Channel:
    """`path` is the collection that is watched, as calendars and accounts name theirs."""

    id: str
    token: str | None
    address: str
    path: str
    resource_id: str
    resource_uri: str
    expiration: datetime
    client: str
    account: str
    number: int = 1


@dataclass(slots=True)
class Notification:
    """A message as it was sent; `statuses` are the answers to each try, 0 for none."""

    address: str
    headers: dict[str, str]
    statuses: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Push:
    """Delivers in the loop in which a channel was opened, wherever the change was made."""

    clock: Clock
    quirks: Quirks
    channels: dict[str, Channel] = field(default_factory=dict)
    used_ids: set[str] = field(default_factory=set)
    sent: list[Notification] = field(default_factory=list)
    """Every message that was tried to deliver, oldest first."""
    held: list[Notification] = field(default_factory=list)
    courier: Courier = field(default_factory=Courier)

    async def open(self, channel: Channel) -> None:
        """Open a channel and send its first message, `sync`, on its way."""
        self.courier.settle_here()
        self.channels[channel.id] = channel
        self.used_ids.add(channel.id)
        if self.quirks.sync_message == "lose":
            return
        message = self._message(channel, "sync")
        if self.quirks.sync_message == "before":
            await self._deliver(message)
        else:
            self._start(message)

    def notify(self, path: str, state: str) -> None:
        """A collection changed (`exists`) or is gone (`not_exists`): tell those who watch it."""
        for channel in self._watching(path):
            channel.number += _BETWEEN_NUMBERS
            message = self._message(channel, state)
            if self.quirks.push == "hold":
                self.held.append(message)
            elif self.quirks.push == "deliver":
                for _ in range(self.quirks.push_copies):
                    self._start(message)

    def release(self, *, newest_first: bool = False) -> None:
        """Deliver what was held back, late and perhaps out of order."""
        held, self.held = self.held, []
        for message in reversed(held) if newest_first else held:
            self._start(message)

    async def settled(self) -> None:
        """Wait until every message under way was delivered or given up."""
        await self.courier.settled()

    def _watching(self, path: str) -> Iterator[Channel]:
        now = self.clock.now()
        return (each for each in list(self.channels.values()) if each.path == path and each.expiration > now)

    def _message(self, channel: Channel, state: str) -> Notification:
        headers = {
            "User-Agent": _USER_AGENT,
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(channel.expiration.astimezone(UTC), usegmt=True),
            "X-Goog-Message-Number": str(channel.number),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": channel.resource_uri,
        }
        return Notification(
            channel.address, headers | ({"X-Goog-Channel-Token": channel.token} if channel.token else {})
        )

    def _start(self, message: Notification) -> None:
        self.courier.start(partial(self._deliver, message))

    async def _deliver(self, message: Notification) -> None:
        await asyncio.sleep(self.quirks.push_delay_seconds)
        self.sent.append(message)
        for retry in range(_MOST_TRIES):
            answer = await self.courier.post(message.address, message.headers)
            message.statuses.append(0 if answer is None else answer.status_code)
            if message.statuses[-1] not in _RETRIED:
                return
            await asyncio.sleep(self.quirks.push_retry_seconds * 2**retry)
