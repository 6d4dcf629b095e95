"""`events.watch`, `calendarList.watch` and `channels.stop`: channels opened and closed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from urllib.parse import quote

from starlette.routing import Route

from simulators.clock import Clock
from simulators.courier import is_loopback
from simulators.google.calls import Call, Gate
from simulators.google.errors import ApiError, invalid, required
from simulators.google.push import Channel, Push
from simulators.google.quirks import Quirks
from simulators.google.shapes import CHANNEL
from simulators.google.times import JsonObject

_API = "https://www.googleapis.com/calendar/v3"
_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
_LONGEST_TTL = 604_800
_LONGEST_TOKEN = 256


@dataclass(frozen=True, slots=True)
class ChannelMethods:
    clock: Clock
    quirks: Quirks
    push: Push

    def routes(self, gate: Gate) -> list[Route]:
        events = gate.endpoint("events.watch", self._watch_events, CHANNEL)
        lists = gate.endpoint("calendarList.watch", self._watch_list, CHANNEL)
        return [
            Route("/calendars/{calendar_id}/events/watch", events, methods=["POST"]),
            Route("/users/me/calendarList/watch", lists, methods=["POST"]),
            Route("/channels/stop", gate.endpoint("channels.stop", self._stop, {}), methods=["POST"]),
        ]

    async def _watch_events(self, call: Call) -> JsonObject:
        calendar, _ = call.calendar()
        if not calendar.is_watchable:
            message = "Push notifications are not supported by this resource."
            raise invalid(message, reason="pushNotSupportedForRequestedResource")
        return await self._open(call, calendar.path, f"{_API}/calendars/{quote(calendar.id, safe='')}/events?alt=json")

    async def _watch_list(self, call: Call) -> JsonObject:
        return await self._open(call, call.account.path, f"{_API}/users/me/calendarList?alt=json")

    async def _open(self, call: Call, path: str, uri: str) -> JsonObject:
        body = call.body
        self._check(body)
        channel = Channel(
            id=body["id"],
            token=body.get("token"),
            address=body["address"],
            path=path,
            resource_id=blake2b(path.encode(), digest_size=15).hexdigest(),
            resource_uri=uri,
            expiration=self._expiration(body),
            client=call.token.client.id,
            account=call.account.email,
        )
        await self.push.open(channel)
        answer = {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource_id,
            "resourceUri": channel.resource_uri,
            "token": channel.token,
            "expiration": str(int(channel.expiration.timestamp() * 1000)),
        }
        return {name: value for name, value in answer.items() if value is not None}

    def _check(self, body: JsonObject) -> None:
        """Raises `ApiError` where a channel cannot be opened as asked."""
        for name in ("id", "type", "address"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise required(f"Required parameter: {name}")
        if body["type"] not in {"web_hook", "webhook"}:
            raise invalid("Unknown channel type.", "resource.type")
        if not _ID.fullmatch(body["id"]):
            raise invalid("Invalid channel id.", "resource.id", "channelIdInvalid")
        if len(body.get("token") or "") > _LONGEST_TOKEN:
            raise invalid("The channel token is too long.", "resource.token")
        if body["id"] in self.push.used_ids:
            raise invalid(f"Channel id {body['id']} not unique", reason="channelIdNotUnique")
        if self.quirks.refuses_addresses or not is_loopback(body["address"]):
            message = f"Unauthorized WebHook callback channel: {body['address']}"
            raise ApiError(401, "push.webhookUrlUnauthorized", message)

    def _expiration(self, body: JsonObject) -> datetime:
        """When the channel ends: as asked by `params.ttl` (seconds) or `expiration` (ms), but within a week."""
        now = self.clock.now()
        latest = now + timedelta(seconds=_LONGEST_TTL)
        try:
            if "ttl" in (body.get("params") or {}):
                return min(latest, now + timedelta(seconds=int(body["params"]["ttl"])))
            if body.get("expiration"):
                return min(latest, datetime.fromtimestamp(int(body["expiration"]) / 1000, UTC))
        except (ValueError, TypeError, OverflowError) as err:
            raise invalid("Invalid expiration.", "resource.expiration") from err
        return latest

    async def _stop(self, call: Call) -> None:
        channel = self.push.channels.get(str(call.body.get("id")))
        opener = (call.token.client.id, call.account.email, call.body.get("resourceId"))
        if channel is None or (channel.client, channel.account, channel.resource_id) != opener:
            message = f"Channel '{call.body.get('id')}' not found for project '1'"
            raise ApiError(404, "notFound", message)
        del self.push.channels[channel.id]
