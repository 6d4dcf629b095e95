"""`POST /v1/meeting-buddy/calendar/webhooks`: where Google and Microsoft say that something changed.

It needs no credentials, for they bring none of ours: the secret of the channel stands for them. What is not theirs is
answered as if there were nothing there.
"""

import re
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from calendar_sync.domain.errors import Invalid, NotFound
from calendar_sync.push_addresses import WEBHOOKS_PATH
from calendar_sync.sync.inbox import Meaning, Notification
from calendar_sync.web.authentication import services_of
from calendar_sync.web.errors import Unreadable
from calendar_sync.web.json_body import json_object, require_json
from calendar_sync.web.operations import Operation, answer
from calendar_sync.web.shapes import WebhookAnswer, WebhookQuery

_LONGEST_VALIDATION = 512  # bytes
_LONGEST_NAME = 128
_MOST_ITEMS = 10_000
_OUR_NAME = re.compile(r"ch_[a-z2-7]{24}", re.ASCII)
_MEANINGS: Mapping[object, Meaning] = {
    None: Meaning.CHANGED,
    "missed": Meaning.CHANGED,
    "reauthorizationRequired": Meaning.ENDING,
    "subscriptionRemoved": Meaning.REMOVED,
}


async def take_notifications(request: Request) -> Response:
    if "validationToken" in request.query_params:
        return _validation(request.query_params.getlist("validationToken"))
    if "x-goog-channel-id" in request.headers:
        return await _from_google(request)
    return await _from_graph(request)


def _validation(tokens: Sequence[str]) -> Response:
    """Microsoft asks whether the address is ours: exactly what it sends, decoded, as text that nobody renders."""
    (token, *others) = tokens
    if others or not 0 < len(token.encode("utf-8", "replace")) <= _LONGEST_VALIDATION:
        raise Unreadable(400, "BAD_VALIDATION_TOKEN", "The validation token is empty or too long.")
    return PlainTextResponse(token)


async def _from_google(request: Request) -> Response:
    """All is in the headers; the first message of a channel, `sync`, only says that it is open."""
    headers = request.headers
    if headers.get("x-goog-resource-state") == "sync":
        request.state.is_routine = True
        return answer(WebhookAnswer(accepted=0))
    return await _taken(request, [_of_google(headers)], status=200)


def _of_google(headers: Headers) -> Notification:
    return Notification(
        channel=headers["x-goog-channel-id"],
        token=headers.get("x-goog-channel-token", ""),
        resource_id=headers.get("x-goog-resource-id", ""),
        number=headers.get("x-goog-message-number", "")[:_LONGEST_NAME] or None,
    )


async def _from_graph(request: Request) -> Response:
    """202, for what it asks for is done later; also where only some of the items are good."""
    require_json(request.headers.get("content-type", ""))
    items = json_object(await request.body()).get("value")
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        raise Invalid(f"value must be a list of at most {_MOST_ITEMS} notifications.", field="value")
    notifications = [each for each in map(_of_graph, items) if each is not None]
    return await _taken(request, notifications, status=202)


def _of_graph(item: object) -> Notification | None:
    """`None` for what is no notification. Those of which the kind is unknown are as good as a change."""
    if not isinstance(item, dict):
        return None
    subscription, token, number = item.get("subscriptionId"), item.get("clientState"), item.get("id")
    if not isinstance(subscription, str) or not isinstance(token, str):
        return None
    event = item.get("lifecycleEvent")
    return Notification(
        channel=subscription,
        token=token,
        by_remote_id=True,
        meaning=_MEANINGS.get(event, Meaning.CHANGED) if isinstance(event, str | None) else Meaning.CHANGED,
        number=number[:_LONGEST_NAME] if isinstance(number, str) and event is None else None,
    )


async def _taken(request: Request, notifications: Sequence[Notification], status: int) -> Response:
    """Raises `NotFound` where not one is a provider's."""
    request.state.is_routine = True
    named = [each for each in notifications if _is_a_name(each)]
    accepted = await services_of(request).inbox.take(named) if named else 0
    if not accepted:
        raise NotFound("channel")
    return answer(WebhookAnswer(accepted=accepted), status)


def _is_a_name(notification: Notification) -> bool:
    """What has not the shape of a name is no channel's, and need not be looked for."""
    if notification.by_remote_id:
        return 0 < len(notification.channel) <= _LONGEST_NAME and "\0" not in notification.channel
    return _OUR_NAME.fullmatch(notification.channel) is not None


OPERATIONS = (
    Operation(
        method="POST",
        path=WEBHOOKS_PATH,
        handler=take_notifications,
        name="takeCalendarNotifications",
        summary="For providers: say that something changed",
        description='Called by Google (all in the headers) and by Microsoft (`{"value": […]}`), which show the secret '
        "of the channel that this server opened with them. The connection is synced soon after; however many "
        "notifications come, at most one sync is under way and one waits. Microsoft's question whether the address is "
        "ours (`validationToken`) is answered with the token, as plain text.",
        answers={200: WebhookAnswer, 202: WebhookAnswer},
        errors={
            400: ["BAD_JSON", "BAD_VALIDATION_TOKEN"],
            404: ["CHANNEL_NOT_FOUND"],
            408: ["REQUEST_TIMEOUT"],
            413: ["PAYLOAD_TOO_LARGE"],
            415: ["UNSUPPORTED_MEDIA_TYPE"],
            422: ["VALIDATION_ERROR"],
            503: ["STORE_UNAVAILABLE"],
        },
        query=WebhookQuery,
        is_open=True,
    ),
)
