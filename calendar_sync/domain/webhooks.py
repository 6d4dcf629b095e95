"""Outgoing webhooks: what is told, to which endpoints, and when a delivery is tried again. Times are aware, UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from calendar_sync.domain.identifiers import (
    OrganizationId,
    UserId,
    WebhookAttemptId,
    WebhookDeliveryId,
    WebhookEndpointId,
    WebhookMessageId,
)


class WebhookEventType(StrEnum):
    """What can be told of. The part before the dot says what of."""

    CONNECTION_CONNECTED = "connection.connected"
    CONNECTION_RECONNECT_REQUIRED = "connection.reconnect_required"
    CONNECTION_DISCONNECTED = "connection.disconnected"
    SYNC_COMPLETED = "sync.completed"
    EVENT_CREATED = "event.created"
    EVENT_UPDATED = "event.updated"
    EVENT_REMOVED = "event.removed"
    WEBHOOK_TEST = "webhook.test"


EVERYTHING = "*"
"""The pattern of all types. Those of one kind are `event.*`."""


def is_pattern(text: str) -> bool:
    """Whether an endpoint may ask for it: a type, `*`, or a kind as `event.*`."""
    kinds = {f"{type.partition('.')[0]}.{EVERYTHING}" for type in WebhookEventType}
    return text == EVERYTHING or text in kinds or text in set(WebhookEventType)


def wants(patterns: Sequence[str], type: WebhookEventType) -> bool:
    """Whether an endpoint that asks for `patterns` is told of a type."""
    return not {EVERYTHING, type.value, f"{type.partition('.')[0]}.{EVERYTHING}"}.isdisjoint(patterns)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell. `data` is JSON.

    Of notices with the same `key`, each endpoint is told one after the other, as they were written; `None`: at any
    time.
    """

    type: WebhookEventType
    data: Mapping[str, object]
    key: str | None


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """`previous_secret_until`: till then messages are signed with the secret before, too."""

    id: WebhookEndpointId
    user_id: UserId
    organization_id: OrganizationId
    url: str
    description: str
    event_types: Sequence[str]
    is_enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime


class DeliveryState(StrEnum):
    PENDING = "pending"
    """It waits for its turn or its next attempt, or is being attempted."""
    DELIVERED = "delivered"
    """The endpoint answered with a 2xx status."""
    FAILED = "failed"
    """No attempt succeeded, and the last one was made."""
    GONE = "gone"
    """The endpoint answered 410: it wants no more."""


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """`payload` is the body that is sent, byte for byte."""

    id: WebhookMessageId
    type: str
    payload: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """A message on its way to one endpoint.

    `attempts` counts those that ended since it was last put in line. `next_attempt_at` is `None` where none is to come,
    or another delivery with the same key comes first. `under_way` is the attempt that is being made.
    """

    id: WebhookDeliveryId
    endpoint_id: WebhookEndpointId
    message: WebhookMessage
    ordering_key: str | None
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    under_way: WebhookAttemptId | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One sending. Without a `finished_at` it is under way, or its process ended before it did.

    `error` is why there was no answer, a code; `response` is how the body of the answer begins.
    """

    id: WebhookAttemptId
    delivery_id: WebhookDeliveryId
    started_at: datetime
    finished_at: datetime | None
    duration_ms: int | None
    status: int | None
    error: str | None
    response: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered: the beginning of its body, and how long it wants to be left alone.

    Where there was no answer, `error` says why: `timeout`, `unreachable`, `refused_address` or `broken_off`.
    """

    status: int | None
    excerpt: str = ""
    retry_after: timedelta | None = None
    error: str | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


class Sender(Protocol):
    """The way to endpoints."""

    async def check(self, url: str) -> str:
        """The address as it is kept. Raises `AddressRefused` for one that may not be reached."""
        ...

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Never raises for what the endpoint or the network does."""
        ...


DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between an attempt that failed and the next, as Standard Webhooks recommends; up to `JITTER` more by chance."""
JITTER = 0.2
MOST_ATTEMPTS = len(DELAYS) + 1
MOST_PATIENCE = timedelta(days=14)
"""An endpoint that took nothing for so long is switched off when a delivery to it is given up."""


def wait(failed: int, chance: float, retry_after: timedelta | None = None) -> timedelta | None:
    """How long to wait after so many attempts that failed; `None`: it is given up. `chance` is in [0, 1).

    An endpoint that says how long it wants to be left alone is obeyed.
    """
    if failed >= MOST_ATTEMPTS:
        return None
    usual = DELAYS[failed - 1] * (1 + JITTER * chance)
    return usual if retry_after is None else max(usual, retry_after)
