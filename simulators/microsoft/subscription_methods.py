"""`/subscriptions`: made, renewed, reauthorized and deleted."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from urllib.parse import unquote
from uuid import uuid4

from starlette.routing import Route

from simulators.clock import Clock
from simulators.microsoft.calendars import Calendar
from simulators.microsoft.calls import Call, Gate
from simulators.microsoft.errors import bad_request, item_not_found, resource_not_found
from simulators.microsoft.push import Push, Subscription
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.scopes import READ_CALENDARS
from simulators.microsoft.times import JsonObject, parsed, stamp

_SUBSCRIPTION = "/subscriptions/{subscription_id}"
_RESOURCE = re.compile(
    r"/?(me|users/(?P<user>[^/]+))(/calendar|/calendars/(?P<calendar>[^/]+))?/events/?", re.IGNORECASE
)
_CHANGE_TYPES = frozenset({"created", "updated", "deleted"})
_MOST_MINUTES = 10_080
_LEAST_LIFE = timedelta(minutes=45)
_LONGEST_STATE = 128


@dataclass(frozen=True, slots=True)
class SubscriptionMethods:
    clock: Clock
    quirks: Quirks
    push: Push

    def routes(self, gate: Gate) -> list[Route]:
        def route(path: str, verb: str, method: str, status: int = 200) -> Route:
            return Route(path, gate.endpoint(getattr(self, method), READ_CALENDARS, status), methods=[verb])

        return [
            route("/subscriptions", "POST", "_create", 201),
            route("/subscriptions", "GET", "_list"),
            route(_SUBSCRIPTION, "GET", "_get"),
            route(_SUBSCRIPTION, "PATCH", "_renew"),
            route(_SUBSCRIPTION, "DELETE", "_delete"),
            route(f"{_SUBSCRIPTION}/reauthorize", "POST", "_reauthorize"),
        ]

    async def _create(self, call: Call) -> JsonObject:
        body = call.body
        subscription = Subscription(
            id=str(uuid4()),
            client=call.token.client.id,
            account=call.mailbox(),
            calendar=_calendar(call),
            resource=body["resource"],
            change_types=_change_types(body),
            notification_url=_text(body, "notificationUrl"),
            lifecycle_url=_text(body, "lifecycleNotificationUrl") if body.get("lifecycleNotificationUrl") else None,
            client_state=_client_state(body),
            expires=self._expiration(body),
            has_immutable_ids=call.preferences.prefers_immutable_ids,
        )
        await self._validate(subscription)
        self.push.subscriptions[subscription.id] = subscription
        return call.context("subscriptions/$entity") | _told(subscription) | {"clientState": subscription.client_state}

    async def _list(self, call: Call) -> JsonObject:
        own = [each for each in self.push.subscriptions.values() if self._is_of(each, call)]
        return call.context("subscriptions") | {"value": [_told(each) for each in own]}

    async def _get(self, call: Call) -> JsonObject:
        return call.context("subscriptions/$entity") | _told(self._found(call))

    async def _renew(self, call: Call) -> JsonObject:
        subscription = self._found(call)
        if call.body.keys() - {"expirationDateTime", "notificationUrl"}:
            _refuse("Subscription can only be updated in its expirationDateTime and notificationUrl.")
        subscription.expires = self._expiration(call.body)
        subscription.needs_reauthorization = False
        return call.context("subscriptions/$entity") | _told(subscription)

    async def _reauthorize(self, call: Call) -> None:
        self._found(call).needs_reauthorization = False

    async def _delete(self, call: Call) -> None:
        del self.push.subscriptions[self._found(call).id]

    def _found(self, call: Call) -> Subscription:
        """The living subscription of the path, if the caller made it. Raises `GraphError`."""
        subscription = self.push.living(call.path("subscription_id"))
        if subscription is None or not self._is_of(subscription, call):
            raise resource_not_found()
        return subscription

    def _is_of(self, subscription: Subscription, call: Call) -> bool:
        is_living = subscription.expires > self.clock.now()
        return is_living and (subscription.client, subscription.account) == (call.token.client.id, call.account)

    async def _validate(self, subscription: Subscription) -> None:
        """Raises `GraphError` where an address does not show that it listens."""
        addresses = [subscription.notification_url]
        if subscription.lifecycle_url is not None and self.quirks.validates_lifecycle_address:
            addresses.append(subscription.lifecycle_url)
        for address in addresses:
            if not await self.push.validate(address):
                raise bad_request(
                    "Subscription validation request failed. Notification endpoint must respond with 200 OK to "
                    "validation request.",
                    "ValidationError",
                )

    def _expiration(self, body: JsonObject) -> datetime:
        """When it ends: as asked, but not within 45 minutes. Raises `GraphError` for more than a week."""
        text, now = _text(body, "expirationDateTime"), self.clock.now()
        try:
            asked = parsed(text)
        except ValueError as err:
            raise bad_request("The value of 'expirationDateTime' is invalid.") from err
        if asked <= now:
            _refuse("Subscription expiration must be in the future.")
        if asked > now + timedelta(minutes=_MOST_MINUTES):
            _refuse(f"Subscription expiration can only be {_MOST_MINUTES} minutes in the future.")
        return max(asked, now + _LEAST_LIFE)


def _calendar(call: Call) -> Calendar:
    """The calendar whose events are to be watched. Raises `GraphError`."""
    match = _RESOURCE.fullmatch(_text(call.body, "resource"))
    if match is None:
        _refuse("The resource is not one of this simulator's.")
    mailbox = call.mailbox()
    user = unquote(match["user"] or mailbox.email).lower()
    if user not in {mailbox.email.lower(), mailbox.object_id}:
        raise item_not_found()
    calendar = mailbox.calendars.get(unquote(match["calendar"])) if match["calendar"] else mailbox.calendar
    if calendar is None:
        raise item_not_found()
    return calendar


def _change_types(body: JsonObject) -> frozenset[str]:
    types = frozenset(each.strip().lower() for each in _text(body, "changeType").split(","))
    if not types <= _CHANGE_TYPES:
        _refuse("The changeType is invalid.")
    return types


def _client_state(body: JsonObject) -> str | None:
    state = body.get("clientState")
    if state is not None and (not isinstance(state, str) or len(state) > _LONGEST_STATE):
        _refuse(f"The clientState is longer than {_LONGEST_STATE} characters.")
    return state


def _text(body: JsonObject, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        _refuse(f"The property '{name}' is required.")
    return value


def _refuse(message: str) -> NoReturn:
    raise bad_request(message, "InvalidRequest")


def _told(subscription: Subscription) -> JsonObject:
    return {
        "id": subscription.id,
        "resource": subscription.resource,
        "applicationId": subscription.client,
        "changeType": ",".join(each for each in ("created", "updated", "deleted") if each in subscription.change_types),
        "clientState": None,
        "notificationUrl": subscription.notification_url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "expirationDateTime": stamp(subscription.expires),
        "creatorId": subscription.account.object_id,
        "includeResourceData": None,
        "latestSupportedTlsVersion": "v1_2",
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
    }
