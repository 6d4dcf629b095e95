"""The use case of webhooks: endpoints of a user, what was sent to them, and sending it again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import Conflict, Invalid
from calendar_sync.domain.identifiers import WebhookDeliveryId, WebhookEndpointId, new_webhook_endpoint_id
from calendar_sync.domain.webhooks import (
    DeliveryState,
    Notice,
    Sender,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEventType,
    is_pattern,
)
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_endpoints import seal_secret, seal_url
from calendar_sync.store.webhook_log import Stretch
from calendar_sync.webhooks.signing import new_secret

MOST_ENDPOINTS = 20
"""Of one user: each message is sent to as many at the most."""
OVERLAP = timedelta(hours=24)
"""How long the secret before signs along, by default."""
MOST_OVERLAP = timedelta(days=7)
LONGEST_DESCRIPTION = 200
SWITCHED_OFF = "It was switched off."
_AT_ONCE = 1_000
_FINISHED = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.GONE)


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """What a user wants of an endpoint; `None` leaves it as it is, or as it is by default."""

    url: str | None = None
    description: str | None = None
    event_types: Sequence[str] | None = None
    is_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class WebhookService:
    """Every answer is limited to the actor's own endpoints; another user's is `NotFound`."""

    database: Database
    keyring: Keyring
    sender: Sender
    clock: Callable[[], datetime]

    async def list(self, actor: Actor) -> Sequence[WebhookEndpoint]:
        async with self.database.begin(write=False, actor=actor) as tx:
            return [each.opened(self.keyring) for each in await tx.webhook_endpoints.list(actor)]

    async def get(self, actor: Actor, endpoint: WebhookEndpointId) -> WebhookEndpoint:
        async with self.database.begin(write=False, actor=actor) as tx:
            return (await tx.webhook_endpoints.get(actor, endpoint)).opened(self.keyring)

    async def create(self, actor: Actor, draft: EndpointDraft) -> tuple[WebhookEndpoint, str]:
        """The endpoint and its secret, which is not told again.

        Raises `Invalid`, `AddressRefused`, or `Conflict` where the user has as many as may be.
        """
        checked = await self._checked(draft)
        endpoint = WebhookEndpoint(
            id=new_webhook_endpoint_id(),
            user_id=actor.user_id,
            organization_id=actor.organization_id,
            url=checked.url or "",
            description=checked.description or "",
            event_types=checked.event_types or (),
            is_enabled=True,
            disabled_reason=None,
            failing_since=None,
            previous_secret_until=None,
            created_at=self.clock(),
        )
        secret = new_secret()
        sealed = seal_url(self.keyring, endpoint.id, endpoint.url), seal_secret(self.keyring, endpoint.id, secret)
        async with self.database.begin(actor=actor) as tx:
            if await tx.webhook_endpoints.count(actor) >= MOST_ENDPOINTS:
                raise Conflict(f"There may be at most {MOST_ENDPOINTS} webhook endpoints.")
            await tx.webhook_endpoints.add(endpoint, *sealed)
        return endpoint, secret

    async def update(self, actor: Actor, endpoint: WebhookEndpointId, draft: EndpointDraft) -> WebhookEndpoint:
        """Raises `NotFound`, `Invalid` or `AddressRefused`."""
        checked = await self._checked(draft)
        url = None if checked.url is None else seal_url(self.keyring, endpoint, checked.url)
        async with self.database.begin(actor=actor) as tx:
            before = (await tx.webhook_endpoints.get(actor, endpoint, hold=True)).sealed
            await tx.webhook_endpoints.describe(
                endpoint, url=url, description=checked.description, event_types=checked.event_types
            )
            if checked.is_enabled and not before.is_enabled:
                await tx.webhook_endpoints.enable(endpoint, self.clock())
            if checked.is_enabled is False and before.is_enabled:
                await tx.webhook_endpoints.disable(endpoint, SWITCHED_OFF)
            return (await tx.webhook_endpoints.get(actor, endpoint)).opened(self.keyring)

    async def rotate(
        self, actor: Actor, endpoint: WebhookEndpointId, overlap: timedelta = OVERLAP
    ) -> tuple[WebhookEndpoint, str]:
        """The endpoint and its new secret; the one before signs along for the `overlap`. Raises `NotFound`."""
        if not timedelta() <= overlap <= MOST_OVERLAP:
            raise Invalid(f"The overlap may be at most {MOST_OVERLAP // timedelta(hours=1)} hours.", field="overlap")
        secret = new_secret()
        async with self.database.begin(actor=actor) as tx:
            before = await tx.webhook_endpoints.get(actor, endpoint, hold=True)
            sealed = seal_secret(self.keyring, endpoint, secret)
            await tx.webhook_endpoints.rotate(endpoint, sealed, before.secret, self.clock() + overlap)
            return (await tx.webhook_endpoints.get(actor, endpoint)).opened(self.keyring), secret

    async def delete(self, actor: Actor, endpoint: WebhookEndpointId) -> None:
        """Raises `NotFound`."""
        async with self.database.begin(actor=actor) as tx:
            await tx.webhook_endpoints.delete(actor, endpoint)

    async def send_test(self, actor: Actor, endpoint: WebhookEndpointId) -> WebhookDelivery:
        """Put a message in line that says nothing. Raises `NotFound`, or `Conflict` where the endpoint is off."""
        notice = Notice(WebhookEventType.WEBHOOK_TEST, {"endpoint_id": endpoint}, None)
        async with self.database.begin(actor=actor) as tx:
            if not (await tx.webhook_endpoints.get(actor, endpoint)).sealed.is_enabled:
                raise Conflict("The webhook endpoint is switched off.")
            delivery = await tx.webhooks.put(actor.user_id, endpoint, notice, self.clock())
            return await tx.webhook_log.get(actor, delivery)

    async def deliveries(
        self,
        actor: Actor,
        endpoint: WebhookEndpointId,
        *,
        state: DeliveryState | None = None,
        after: WebhookDeliveryId | None = None,
        limit: int,
    ) -> Sequence[WebhookDelivery]:
        """The newest message first, those that follow `after`. Raises `NotFound`, also for that one."""
        async with self.database.begin(write=False, actor=actor) as tx:
            await tx.webhook_endpoints.get(actor, endpoint)
            place = None if after is None else await tx.webhook_log.get(actor, after)
            return await tx.webhook_log.page(actor, endpoint, state=state, after=place, limit=limit)

    async def attempts(
        self, actor: Actor, deliveries: Sequence[WebhookDeliveryId]
    ) -> Mapping[WebhookDeliveryId, Sequence[WebhookAttempt]]:
        """Of many deliveries, in one query."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.webhook_log.attempts(actor, deliveries)

    async def redeliver(self, actor: Actor, delivery: WebhookDeliveryId) -> WebhookDelivery:
        """Send it again, whatever came of it, with all attempts. Raises `NotFound`."""
        async with self.database.begin(actor=actor) as tx:
            return await tx.webhook_log.again(actor, delivery, self.clock())

    async def redeliver_all(
        self,
        actor: Actor,
        endpoint: WebhookEndpointId,
        since: datetime,
        until: datetime | None = None,
        states: Sequence[DeliveryState] = (DeliveryState.FAILED, DeliveryState.GONE),
    ) -> int:
        """Send again what is of that time and in one of these states; how many. Raises `NotFound` or `Invalid`."""
        if not set(states) <= set(_FINISHED):
            raise Invalid("What is pending is being delivered already.", field="states")
        now = self.clock()
        stretch, total, found = Stretch(since, until or now, tuple(states)), 0, _AT_ONCE
        while found == _AT_ONCE:
            async with self.database.begin(actor=actor) as tx:
                await tx.webhook_endpoints.get(actor, endpoint)
                found = await tx.webhook_log.all_again(actor, endpoint, stretch, now, _AT_ONCE)
            total += found
        return total

    async def _checked(self, draft: EndpointDraft) -> EndpointDraft:
        if draft.event_types is not None:
            _check_patterns(draft.event_types)
        if draft.description is not None and len(draft.description) > LONGEST_DESCRIPTION:
            raise Invalid(f"The description may have {LONGEST_DESCRIPTION} characters.", field="description")
        url = None if draft.url is None else await self.sender.check(draft.url)
        patterns = None if draft.event_types is None else tuple(dict.fromkeys(draft.event_types))
        return EndpointDraft(url, draft.description, patterns, draft.is_enabled)


def _check_patterns(patterns: Sequence[str]) -> None:
    if not patterns:
        raise Invalid("Name at least one type of event, or `*` for all.", field="event_types")
    for pattern in patterns:
        if not is_pattern(pattern):
            raise Invalid(f"There are no events of the type {pattern[:60]!r}.", field="event_types")
