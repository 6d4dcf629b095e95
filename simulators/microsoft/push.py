"""Subscriptions, and the change and lifecycle notifications that are sent to them."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal, get_args
from urllib.parse import quote_plus, urlsplit
from uuid import uuid4

from simulators.clock import Clock
from simulators.courier import Courier, is_loopback
from simulators.microsoft.accounts import Account
from simulators.microsoft.calendars import Calendar, ChangeType, Stored
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.rendering import etag
from simulators.microsoft.times import JsonObject, stamp

_MOST_TRIES = 5
_JSON = {"Content-Type": "application/json; charset=utf-8"}

LifecycleEvent = Literal["reauthorizationRequired", "subscriptionRemoved", "missed"]


@dataclass(slots=True, eq=False)
class Subscription:
    """`calendar` is that whose events are watched. While it `needs_reauthorization` nothing is told."""

    id: str
    client: str
    account: Account
    calendar: Calendar
    resource: str
    change_types: frozenset[str]
    notification_url: str
    lifecycle_url: str | None
    client_state: str | None
    expires: datetime
    has_immutable_ids: bool
    needs_reauthorization: bool = False


@dataclass(slots=True)
class Notification:
    """A message as it was sent; `statuses` are the answers to each try, 0 for none."""

    address: str
    body: JsonObject
    statuses: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Push:
    """Delivers in the loop in which a subscription was made, wherever the change was."""

    clock: Clock
    quirks: Quirks
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    sent: list[Notification] = field(default_factory=list)
    """Every message that was tried to deliver, oldest first."""
    held: list[tuple[str, JsonObject]] = field(default_factory=list)
    """Changes that are not told yet, with where to."""
    courier: Courier = field(default_factory=Courier)
    _pending: defaultdict[str, list[JsonObject]] = field(default_factory=lambda: defaultdict(list))

    # Subscriptions

    async def validate(self, address: str) -> bool:
        """Whether an address shows that it listens, by sending back in plain text what it is sent."""
        self.courier.settle_here()
        if not is_loopback(address):
            return False
        token = f"Validation: Testing client application reachability for subscription Request-Id: {uuid4()}"
        separator = "&" if urlsplit(address).query else "?"
        answer = await self.courier.post(
            f"{address}{separator}validationToken={quote_plus(token)}",
            {"Content-Type": "text/plain; charset=utf-8"},
            seconds=self.quirks.validation_seconds,
        )
        if answer is None or answer.status_code != 200:
            return False
        return answer.headers.get("content-type", "").startswith("text/plain") and answer.text == token

    def living(self, subscription_id: str) -> Subscription | None:
        found = self.subscriptions.get(subscription_id)
        return None if found is None or found.expires <= self.clock.now() else found

    # What is told

    def notify(self, account: Account, calendar: Calendar, stored: Stored, change: ChangeType) -> None:
        """An event changed: tell those who watch its calendar."""
        for subscription in self._watching(account, calendar, change):
            event_id = stored.id if subscription.has_immutable_ids else stored.default_id
            value = _value(subscription, change, event_id, etag(stored))
            if self.quirks.push == "hold":
                self.held.append((subscription.notification_url, value))
            elif self.quirks.push == "deliver":
                for _ in range(self.quirks.push_copies):
                    self._tell(subscription.notification_url, value)

    def forge(self, subscription: Subscription, client_state: str | None = "forged", event_id: str = "AAMk") -> None:
        """A notification that is not Microsoft's: its client state is another one."""
        value = _value(subscription, "updated", event_id, 'W/"0"') | {"clientState": client_state}
        self._tell(subscription.notification_url, value)

    def lifecycle(self, subscription: Subscription, event: LifecycleEvent) -> None:
        """Something happened to the subscription itself. Raises `ValueError` where there is no such event."""
        if event not in get_args(LifecycleEvent):
            raise ValueError(f"no such lifecycle event: {event}")
        if event == "subscriptionRemoved":
            self.subscriptions.pop(subscription.id, None)
        subscription.needs_reauthorization |= event == "reauthorizationRequired"
        if subscription.lifecycle_url is not None:
            self._tell(subscription.lifecycle_url, _head(subscription) | {"lifecycleEvent": event})

    def release(self, *, newest_first: bool = False) -> None:
        """Deliver what was held back, late and perhaps out of order."""
        held, self.held = self.held, []
        for address, value in reversed(held) if newest_first else held:
            self._tell(address, value)

    async def settled(self) -> None:
        """Wait until every message under way was delivered or given up."""
        await self.courier.settled()

    def _watching(self, account: Account, calendar: Calendar, change: ChangeType) -> Iterator[Subscription]:
        now = self.clock.now()
        for each in list(self.subscriptions.values()):
            is_watching = each.account is account and each.calendar is calendar and change in each.change_types
            if is_watching and each.expires > now and not each.needs_reauthorization:
                yield each

    def _tell(self, address: str, value: JsonObject) -> None:
        self._pending[address].append(value)
        self.courier.start(partial(self._deliver, address))

    async def _deliver(self, address: str) -> None:
        """All that is to be told to an address by now, in one message as far as it fits."""
        await asyncio.sleep(self.quirks.push_delay_seconds)
        pending, most = self._pending[address], self.quirks.most_in_notification
        values, self._pending[address] = pending[:most], pending[most:]
        if values:
            await self._post(Notification(address, {"value": values}))

    async def _post(self, message: Notification) -> None:
        self.sent.append(message)
        content = json.dumps(message.body).encode()
        for retry in range(_MOST_TRIES):
            answer = await self.courier.post(message.address, _JSON, content)
            message.statuses.append(0 if answer is None else answer.status_code)
            if answer is not None and answer.is_success:
                return
            await asyncio.sleep(self.quirks.push_retry_seconds * 2**retry)


def _head(subscription: Subscription) -> JsonObject:
    return {
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": stamp(subscription.expires),
        "clientState": subscription.client_state,
        "tenantId": subscription.account.tenant,
    }


def _value(subscription: Subscription, change: str, event_id: str, mark: str) -> JsonObject:
    resource = f"Users/{subscription.account.object_id}/Events/{event_id}"
    data = {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": resource, "@odata.etag": mark, "id": event_id}
    return _head(subscription) | {"changeType": change, "resource": resource, "resourceData": data}
