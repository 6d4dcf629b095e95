"""Endpoints of webhooks, and what was sent to them."""

from datetime import datetime
from enum import StrEnum

import strawberry

from calendar_sync.domain import webhooks as domain
from calendar_sync.domain.identifiers import WebhookAttemptId, WebhookDeliveryId
from calendar_sync.domain.webhooks import DeliveryState, WebhookEventType
from schema.types.described import describe, described
from schema.types.event_list import PageInfo
from schema.types.loading import Info

_TYPES = ", ".join(f"`{type}`" for type in WebhookEventType)
PATTERNS = f"`*` for all, those of one kind as `event.*`, or types: {_TYPES}."

describe(
    DeliveryState,
    "What has become of a message on its way to an endpoint.",
    {
        DeliveryState.PENDING: "It waits for its turn or its next attempt, or is being attempted.",
        DeliveryState.DELIVERED: "The endpoint answered with a 2xx status.",
        DeliveryState.FAILED: "The last attempt failed, too. It can be redelivered as long as it is kept.",
        DeliveryState.GONE: "The endpoint answered 410, and was switched off. It can be redelivered, too.",
    },
)


class AttemptOutcome(StrEnum):
    UNDER_WAY = "under_way"
    DELIVERED = "delivered"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


describe(
    AttemptOutcome,
    "What came of one sending of a message.",
    {
        AttemptOutcome.UNDER_WAY: "It is being made.",
        AttemptOutcome.DELIVERED: "The endpoint answered with a 2xx status.",
        AttemptOutcome.FAILED: "The endpoint answered with another status, or not at all.",
        AttemptOutcome.INTERRUPTED: "This server ended meanwhile: it may have been delivered, and is sent again.",
    },
)


@strawberry.type(description="An address of yours that webhooks are sent to.")
class WebhookEndpoint:
    id: strawberry.ID = strawberry.field(description="`whe_…`")
    url: str = strawberry.field(description="The address. It is kept encrypted.")
    description: str = strawberry.field(description="What you call it.")
    event_types: list[str] = strawberry.field(description=f"What it is told of: {PATTERNS}")
    is_enabled: bool = strawberry.field(description="Whether messages are written for it, and sent.")
    disabled_reason: str | None = strawberry.field(description="Why it is off.")
    failing_since: datetime | None = strawberry.field(
        description="Since when every attempt failed; `null` when the last one succeeded. After "
        f"{domain.MOST_PATIENCE.days} days it is switched off."
    )
    previous_secret_until: datetime | None = strawberry.field(
        description="Until when messages are signed with the secret before, too, if it was rotated."
    )
    created_at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def of(cls, endpoint: domain.WebhookEndpoint) -> "WebhookEndpoint":
        return cls(
            id=strawberry.ID(endpoint.id),
            url=endpoint.url,
            description=endpoint.description,
            event_types=list(endpoint.event_types),
            is_enabled=endpoint.is_enabled,
            disabled_reason=endpoint.disabled_reason,
            failing_since=endpoint.failing_since,
            previous_secret_until=endpoint.previous_secret_until,
            created_at=endpoint.created_at,
        )


@strawberry.type(description="One sending of a message.")
class WebhookAttempt:
    id: strawberry.ID = strawberry.field(description="`wha_…`")
    outcome: AttemptOutcome = strawberry.field(description="What came of it.")
    started_at: datetime = strawberry.field(description="When it began: the `webhook-timestamp` that was sent.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    duration_ms: int | None = strawberry.field(description="How long it took, in milliseconds.")
    status: int | None = strawberry.field(description="The HTTP status that the endpoint answered.")
    error: str | None = strawberry.field(
        description="Why there was no answer: `timeout`, `unreachable`, `broken_off`, `refused_address` (it may not be "
        "reached from here) or `unreadable_endpoint` (the server lacks the key it was encrypted with)."
    )
    response: str | None = strawberry.field(description="How the body of the answer begins: up to 1,024 bytes.")

    @classmethod
    def of(cls, attempt: domain.WebhookAttempt, under_way: WebhookAttemptId | None) -> "WebhookAttempt":
        return cls(
            id=strawberry.ID(attempt.id),
            outcome=_outcome(attempt, under_way),
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            duration_ms=attempt.duration_ms,
            status=attempt.status,
            error=attempt.error,
            response=attempt.response,
        )


def _outcome(attempt: domain.WebhookAttempt, under_way: WebhookAttemptId | None) -> AttemptOutcome:
    if attempt.finished_at is None:
        return AttemptOutcome.UNDER_WAY if attempt.id == under_way else AttemptOutcome.INTERRUPTED
    return AttemptOutcome.DELIVERED if domain.Answer(attempt.status).is_taken else AttemptOutcome.FAILED


@strawberry.type(description="A message on its way to an endpoint.")
class WebhookDelivery:
    under_way: strawberry.Private[WebhookAttemptId | None]

    id: strawberry.ID = strawberry.field(description="`whd_…`")
    endpoint_id: strawberry.ID = strawberry.field(description="Where it goes to: `whe_…`")
    message_id: strawberry.ID = strawberry.field(
        description="The message: `msg_…`, the `webhook-id` of every attempt. Receivers that know it already ignore it."
    )
    type: str = strawberry.field(description="What it tells of, as `event.created`.")
    payload: str = strawberry.field(description="The body that is sent, as it is signed: JSON.")
    ordering_key: str | None = strawberry.field(
        description="Messages with the same key are delivered to the endpoint one after the other."
    )
    state: DeliveryState = strawberry.field(description="What has become of it.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is attempted next; `null` where it is not, or where another one with its key comes first."
    )
    created_at: datetime = strawberry.field(description="When what it tells of happened.")
    finished_at: datetime | None = strawberry.field(description="When it came to its end.")

    @described("Every attempt, the first one first.")
    async def attempts(self, info: Info) -> list[WebhookAttempt]:
        found = await info.context.loaders.webhook_attempts.load(WebhookDeliveryId(self.id))
        return [WebhookAttempt.of(attempt, self.under_way) for attempt in found]

    @classmethod
    def of(cls, delivery: domain.WebhookDelivery) -> "WebhookDelivery":
        return cls(
            under_way=delivery.under_way,
            id=strawberry.ID(delivery.id),
            endpoint_id=strawberry.ID(delivery.endpoint_id),
            message_id=strawberry.ID(delivery.message.id),
            type=delivery.message.type,
            payload=delivery.message.payload,
            ordering_key=delivery.ordering_key,
            state=delivery.state,
            next_attempt_at=delivery.next_attempt_at,
            created_at=delivery.message.created_at,
            finished_at=delivery.finished_at,
        )


@strawberry.type(description="A delivery and its place in the list.")
class WebhookDeliveryEdge:
    cursor: str = strawberry.field(description="The place, for `after`; it holds as long as the delivery is kept.")
    node: WebhookDelivery = strawberry.field(description="The delivery.")


@strawberry.type(description="A page of deliveries.")
class WebhookDeliveryConnection:
    edges: list[WebhookDeliveryEdge] = strawberry.field(description="The deliveries of the page, each with its place.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")

    @described("The deliveries of the page without their places.")
    def nodes(self) -> list[WebhookDelivery]:
        return [edge.node for edge in self.edges]
