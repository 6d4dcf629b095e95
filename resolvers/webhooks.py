"""Endpoints of webhooks, what was sent to them, and sending it again."""

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from calendar_sync.domain.errors import NotFound, ProviderError, Refusal
from calendar_sync.domain.identifiers import WebhookDeliveryId, WebhookEndpointId
from calendar_sync.domain.webhooks import DeliveryState
from calendar_sync.webhooks.service import OVERLAP, EndpointDraft
from resolvers.context import Info
from resolvers.refusals import bad_input, camel, told
from schema.types.event_list import PageInfo
from schema.types.paging import DEFAULT_FIRST, FirstArgument
from schema.types.webhook import WebhookDelivery, WebhookDeliveryConnection, WebhookDeliveryEdge, WebhookEndpoint
from schema.types.webhook_mutations import (
    CreateWebhookEndpointFailed,
    CreateWebhookEndpointInput,
    CreateWebhookEndpointResult,
    DeleteWebhookEndpointFailed,
    DeleteWebhookEndpointResult,
    RedeliverWebhookFailed,
    RedeliverWebhookResult,
    RedeliverWebhooksFailed,
    RedeliverWebhooksResult,
    RotateWebhookSecretFailed,
    RotateWebhookSecretResult,
    SendTestWebhookFailed,
    SendTestWebhookResult,
    TestWebhookSent,
    UpdateWebhookEndpointFailed,
    UpdateWebhookEndpointInput,
    UpdateWebhookEndpointResult,
    WebhookEndpointCreated,
    WebhookEndpointDeleted,
    WebhookEndpointUpdated,
    WebhookRedelivered,
    WebhookSecretRotated,
    WebhooksRedelivered,
)

EndpointArgument = Annotated[strawberry.ID, strawberry.argument(description="The endpoint: `whe_…`")]

_HOUR = timedelta(hours=1)
_FIELDS = {name: f"input.{camel(name)}" for name in ("url", "description", "event_types")}
_OVERLAP = {"overlap": "overlapHours"}
_GIVEN_UP = [DeliveryState.FAILED, DeliveryState.GONE]


async def webhook_endpoints(info: Info) -> list[WebhookEndpoint]:
    return [WebhookEndpoint.of(each) for each in await info.context.services.webhooks.list(info.context.actor)]


async def webhook_deliveries(
    info: Info,
    endpoint_id: EndpointArgument,
    state: Annotated[DeliveryState | None, strawberry.argument(description="Only those in this state.")] = None,
    first: FirstArgument = DEFAULT_FIRST,
    after: Annotated[
        str | None, strawberry.argument(description="The cursor after which the page begins: an `endCursor`.")
    ] = None,
) -> WebhookDeliveryConnection | None:
    try:
        found = await info.context.services.webhooks.deliveries(
            info.context.actor,
            WebhookEndpointId(endpoint_id),
            state=state,
            after=None if after is None else WebhookDeliveryId(after),
            limit=first + 1,
        )
    except NotFound as error:
        if error.kind == "webhook_endpoint":
            return None
        raise bad_input("This cursor is not of this list, or no longer.", code="INVALID_CURSOR") from error
    edges = [WebhookDeliveryEdge(cursor=each.id, node=WebhookDelivery.of(each)) for each in found[:first]]
    return WebhookDeliveryConnection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(found) > first,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


async def create_webhook_endpoint(
    info: Info, input: Annotated[CreateWebhookEndpointInput, strawberry.argument(description="The endpoint.")]
) -> CreateWebhookEndpointResult:
    draft = EndpointDraft(input.url, input.description, input.event_types)
    try:
        endpoint, secret = await info.context.services.webhooks.create(info.context.actor, draft)
    except (Refusal, ProviderError) as error:
        return CreateWebhookEndpointFailed(**told(error, _FIELDS))
    return WebhookEndpointCreated(webhook_endpoint=WebhookEndpoint.of(endpoint), secret=secret)


async def update_webhook_endpoint(
    info: Info,
    id: EndpointArgument,
    input: Annotated[UpdateWebhookEndpointInput, strawberry.argument(description="What to change.")],
) -> UpdateWebhookEndpointResult:
    draft = EndpointDraft(input.url, input.description, input.event_types, input.is_enabled)
    try:
        endpoint = await info.context.services.webhooks.update(info.context.actor, WebhookEndpointId(id), draft)
    except (Refusal, ProviderError) as error:
        return UpdateWebhookEndpointFailed(**told(error, _FIELDS))
    return WebhookEndpointUpdated(webhook_endpoint=WebhookEndpoint.of(endpoint))


async def rotate_webhook_secret(
    info: Info,
    id: EndpointArgument,
    overlap_hours: Annotated[
        int, strawberry.argument(description="How long the secret before is good as well: 0 to 168 hours.")
    ] = OVERLAP // _HOUR,
) -> RotateWebhookSecretResult:
    overlap = overlap_hours * _HOUR
    try:
        endpoint, secret = await info.context.services.webhooks.rotate(
            info.context.actor, WebhookEndpointId(id), overlap
        )
    except Refusal as error:
        return RotateWebhookSecretFailed(**told(error, _OVERLAP))
    return WebhookSecretRotated(webhook_endpoint=WebhookEndpoint.of(endpoint), secret=secret)


async def delete_webhook_endpoint(info: Info, id: EndpointArgument) -> DeleteWebhookEndpointResult:
    try:
        await info.context.services.webhooks.delete(info.context.actor, WebhookEndpointId(id))
    except Refusal as error:
        return DeleteWebhookEndpointFailed(**told(error))
    return WebhookEndpointDeleted(webhook_endpoint_id=id)


async def send_test_webhook(info: Info, endpoint_id: EndpointArgument) -> SendTestWebhookResult:
    try:
        sent = await info.context.services.webhooks.send_test(info.context.actor, WebhookEndpointId(endpoint_id))
    except Refusal as error:
        return SendTestWebhookFailed(**told(error))
    return TestWebhookSent(webhook_delivery=WebhookDelivery.of(sent))


async def redeliver_webhook(
    info: Info, delivery_id: Annotated[strawberry.ID, strawberry.argument(description="The delivery: `whd_…`")]
) -> RedeliverWebhookResult:
    try:
        again = await info.context.services.webhooks.redeliver(info.context.actor, WebhookDeliveryId(delivery_id))
    except Refusal as error:
        return RedeliverWebhookFailed(**told(error))
    return WebhookRedelivered(webhook_delivery=WebhookDelivery.of(again))


async def redeliver_webhooks(
    info: Info,
    endpoint_id: EndpointArgument,
    since: Annotated[datetime, strawberry.argument(description="The first instant whose messages are sent again.")],
    until: Annotated[
        datetime | None, strawberry.argument(description="The first instant after it; by default now.")
    ] = None,
    states: Annotated[
        list[DeliveryState], strawberry.argument(description="What came of them. `PENDING` is not possible.")
    ] = _GIVEN_UP,
) -> RedeliverWebhooksResult:
    try:
        count = await info.context.services.webhooks.redeliver_all(
            info.context.actor, WebhookEndpointId(endpoint_id), since, until, states
        )
    except Refusal as error:
        return RedeliverWebhooksFailed(**told(error))
    return WebhooksRedelivered(count=count)
