"""What the mutations of webhooks take and answer."""

from typing import Annotated

import strawberry

from schema.types.failures import Failure
from schema.types.webhook import PATTERNS, WebhookDelivery, WebhookEndpoint

_URL = "The address: `https://…`; `http://…` only in networks that this server's operator allows."


@strawberry.input(description="Where webhooks are to be sent, and which.")
class CreateWebhookEndpointInput:
    url: str = strawberry.field(description=_URL)
    event_types: list[str] = strawberry.field(description=f"What to be told of: {PATTERNS}")
    description: str = strawberry.field(default="", description="What to call it: up to 200 characters.")


@strawberry.input(description="What to change of an endpoint. What is left out stays as it is.")
class UpdateWebhookEndpointInput:
    url: str | None = strawberry.field(default=None, description=_URL)
    event_types: list[str] | None = strawberry.field(default=None, description=f"What to be told of: {PATTERNS}")
    description: str | None = strawberry.field(default=None, description="What to call it: up to 200 characters.")
    is_enabled: bool | None = strawberry.field(default=None, description="Whether to write messages for it, and send.")


@strawberry.type(description="The endpoint was made.")
class WebhookEndpointCreated:
    webhook_endpoint: WebhookEndpoint = strawberry.field(description="The endpoint.")
    secret: str = strawberry.field(
        description="What signatures are verified with: `whsec_…`. Keep it; it is not told again."
    )


@strawberry.type(description="The endpoint was changed.")
class WebhookEndpointUpdated:
    webhook_endpoint: WebhookEndpoint = strawberry.field(description="The endpoint as it is now.")


@strawberry.type(description="The endpoint signs with a new secret.")
class WebhookSecretRotated:
    webhook_endpoint: WebhookEndpoint = strawberry.field(
        description="The endpoint. Until its `previousSecretUntil` the secret before is good as well."
    )
    secret: str = strawberry.field(description="The new secret: `whsec_…`. Keep it; it is not told again.")


@strawberry.type(description="The endpoint is no more.")
class WebhookEndpointDeleted:
    webhook_endpoint_id: strawberry.ID = strawberry.field(description="What it was called.")


@strawberry.type(description="A test is on its way.")
class TestWebhookSent:
    webhook_delivery: WebhookDelivery = strawberry.field(description="The delivery.")


@strawberry.type(description="The message is sent again.")
class WebhookRedelivered:
    webhook_delivery: WebhookDelivery = strawberry.field(description="The delivery.")


@strawberry.type(description="The messages are sent again.")
class WebhooksRedelivered:
    count: int = strawberry.field(description="How many they are.")


@strawberry.type(description="The endpoint was not made.")
class CreateWebhookEndpointFailed(Failure):
    pass


@strawberry.type(description="The endpoint was not changed.")
class UpdateWebhookEndpointFailed(Failure):
    pass


@strawberry.type(description="The endpoint signs with its secret as before.")
class RotateWebhookSecretFailed(Failure):
    pass


@strawberry.type(description="The endpoint is there still, if it was.")
class DeleteWebhookEndpointFailed(Failure):
    pass


@strawberry.type(description="No test was sent.")
class SendTestWebhookFailed(Failure):
    pass


@strawberry.type(description="It is not sent again.")
class RedeliverWebhookFailed(Failure):
    pass


@strawberry.type(description="Nothing is sent again.")
class RedeliverWebhooksFailed(Failure):
    pass


CreateWebhookEndpointResult = Annotated[
    WebhookEndpointCreated | CreateWebhookEndpointFailed,
    strawberry.union("CreateWebhookEndpointResult", description="The endpoint and its secret, or why it was not made."),
]
UpdateWebhookEndpointResult = Annotated[
    WebhookEndpointUpdated | UpdateWebhookEndpointFailed,
    strawberry.union("UpdateWebhookEndpointResult", description="The endpoint, or why it was not changed."),
]
RotateWebhookSecretResult = Annotated[
    WebhookSecretRotated | RotateWebhookSecretFailed,
    strawberry.union("RotateWebhookSecretResult", description="The new secret, or why there is none."),
]
DeleteWebhookEndpointResult = Annotated[
    WebhookEndpointDeleted | DeleteWebhookEndpointFailed,
    strawberry.union("DeleteWebhookEndpointResult", description="What was deleted, or why it was not."),
]
SendTestWebhookResult = Annotated[
    TestWebhookSent | SendTestWebhookFailed,
    strawberry.union("SendTestWebhookResult", description="The test's delivery, or why none was sent."),
]
RedeliverWebhookResult = Annotated[
    WebhookRedelivered | RedeliverWebhookFailed,
    strawberry.union("RedeliverWebhookResult", description="The delivery, or why it is not sent again."),
]
RedeliverWebhooksResult = Annotated[
    WebhooksRedelivered | RedeliverWebhooksFailed,
    strawberry.union("RedeliverWebhooksResult", description="How many are sent again, or why none is."),
]
