"""Notification channels: how they open, what they carry, and how they end."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.server import serving
from tests.simulators.google.world import MONDAY, Google, refusal

Json = dict[str, Any]


class Hook:
    """Where notifications arrive. It answers with `statuses`, and with 200 when they are used up."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.statuses: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.received.append(dict(request.headers))
        self.bodies.append(await request.body())
        await Response(status_code=self.statuses.pop(0) if self.statuses else 200)(scope, receive, send)

    @property
    def states(self) -> list[str]:
        return [headers["x-goog-resource-state"] for headers in self.received]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    async with serving(hook) as hook.url:
        yield hook


def a_channel(hook: Hook, **changes: Any) -> Json:  # noqa: ANN401 - JSON
    return {"id": "channel-1", "type": "web_hook", "address": f"{hook.url}/push", "token": "secret"} | changes


async def watch(google: Google, channel: Json) -> httpx.Response:
    response = await google.http.post(f"{google.events()}/watch", json=channel)
    await google.simulator.push.settled()
    return response


async def test_a_channel_says_what_it_watches_and_greets(google: Google, hook: Hook) -> None:
    before = datetime.now(UTC)
    channel = (await watch(google, a_channel(hook))).json()

    assert (channel["id"], channel["token"]) == ("channel-1", "secret")
    assert channel["resourceUri"].endswith("/calendars/ada%40example.com/events?alt=json")
    expiration = datetime.fromtimestamp(int(channel["expiration"]) / 1000, UTC)
    assert timedelta(0) <= expiration - before - timedelta(days=7) < timedelta(minutes=1)

    (greeting,) = hook.received
    assert hook.bodies == [b""]
    assert greeting["x-goog-channel-id"] == "channel-1"
    assert greeting["x-goog-channel-token"] == "secret"
    assert greeting["x-goog-resource-id"] == channel["resourceId"]
    assert greeting["x-goog-resource-uri"] == channel["resourceUri"]
    assert greeting["x-goog-resource-state"] == "sync"
    assert greeting["x-goog-message-number"] == "1"
    assert parsedate_to_datetime(greeting["x-goog-channel-expiration"]) == expiration.replace(microsecond=0)
    assert greeting["user-agent"].startswith("APIs-Google")


async def test_every_change_is_told_under_a_higher_number(google: Google, hook: Hook) -> None:
    await watch(google, a_channel(hook))

    google.calendar.add("One", MONDAY, id="one00")
    google.calendar.remove("one00")
    await google.simulator.push.settled()

    numbers = sorted(int(headers["x-goog-message-number"]) for headers in hook.received)
    assert hook.states == ["sync", "exists", "exists"]
    assert numbers == sorted(set(numbers))


async def test_a_change_over_the_api_is_told_like_any_other(google: Google, hook: Hook) -> None:
    await watch(google, a_channel(hook))

    when = {"dateTime": "2026-01-05T09:00:00Z"}
    await google.http.post(google.events(), json={"start": when, "end": when})
    await google.simulator.push.settled()

    assert hook.states == ["sync", "exists"]


async def test_other_calendars_are_not_told(google: Google, hook: Hook) -> None:
    team = google.ada.add_calendar("Team")
    await watch(google, a_channel(hook))

    team.add("Elsewhere", MONDAY)
    await google.simulator.push.settled()

    assert hook.states == ["sync"]


async def test_the_calendar_list_can_be_watched(google: Google, hook: Hook) -> None:
    response = await google.http.post("users/me/calendarList/watch", json=a_channel(hook))
    google.ada.add_calendar("New")
    google.calendar.add("An event is nothing to the list", MONDAY)
    await google.simulator.push.settled()

    assert response.json()["resourceUri"].endswith("/users/me/calendarList?alt=json")
    assert hook.states == ["sync", "exists"]


async def test_a_deleted_calendar_exists_no_more(google: Google, hook: Hook) -> None:
    await watch(google, a_channel(hook))

    google.simulator.world.delete_calendar(google.calendar)
    await google.simulator.push.settled()

    assert hook.states == ["sync", "not_exists"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": None}, (400, "required")),
        ({"address": None}, (400, "required")),
        ({"type": "carrier_pigeon"}, (400, "invalid")),
        ({"id": "with spaces"}, (400, "channelIdInvalid")),
        ({"id": "x" * 65}, (400, "channelIdInvalid")),
        ({"token": "x" * 257}, (400, "invalid")),
        ({"params": {"ttl": "soon"}}, (400, "invalid")),
        ({"address": "https://hooks.example.com/push"}, (401, "push.webhookUrlUnauthorized")),
        ({"address": "http://10.0.0.1/push"}, (401, "push.webhookUrlUnauthorized")),
        ({"address": "ftp://127.0.0.1/push"}, (401, "push.webhookUrlUnauthorized")),
    ],
)
async def test_a_channel_that_cannot_be_is_refused(
    google: Google, hook: Hook, changes: Json, error: tuple[int, str]
) -> None:
    assert refusal(await watch(google, a_channel(hook, **changes))) == error
    assert hook.received == []


async def test_a_channel_id_serves_once(google: Google, hook: Hook) -> None:
    channel = (await watch(google, a_channel(hook))).json()
    assert refusal(await watch(google, a_channel(hook))) == (400, "channelIdNotUnique")

    await google.http.post("channels/stop", json={"id": channel["id"], "resourceId": channel["resourceId"]})
    assert refusal(await watch(google, a_channel(hook))) == (400, "channelIdNotUnique")


async def test_some_calendars_cannot_be_watched(google: Google, hook: Hook) -> None:
    google.calendar.is_watchable = False

    assert refusal(await watch(google, a_channel(hook))) == (400, "pushNotSupportedForRequestedResource")


@pytest.mark.parametrize(("ttl", "seconds"), [("3600", 3600), ("99999999", 604800)])
async def test_a_channel_lives_as_long_as_asked_but_no_longer_than_a_week(
    google: Google, hook: Hook, ttl: str, seconds: int
) -> None:
    await watch(google, a_channel(hook, params={"ttl": ttl}))

    google.simulator.advance(seconds=seconds - 60)
    google.calendar.add("In time", MONDAY)
    google.simulator.advance(seconds=61)
    google.calendar.add("Too late", MONDAY)
    await google.simulator.push.settled()

    assert hook.states == ["sync", "exists"]


async def test_a_stopped_channel_is_silent(google: Google, hook: Hook) -> None:
    channel = (await watch(google, a_channel(hook))).json()
    stop = {"id": channel["id"], "resourceId": channel["resourceId"]}

    wrong = await google.http.post("channels/stop", json=stop | {"resourceId": "other"})
    right = await google.http.post("channels/stop", json=stop)
    again = await google.http.post("channels/stop", json=stop)
    google.calendar.add("Unheard", MONDAY)
    await google.simulator.push.settled()

    assert (refusal(wrong), right.status_code, refusal(again)) == ((404, "notFound"), 204, (404, "notFound"))
    assert hook.states == ["sync"]


async def test_only_who_opened_a_channel_stops_it(google: Google, hook: Hook) -> None:
    channel = (await watch(google, a_channel(hook))).json()
    bob = google.simulator.add_account("bob@example.com")

    async with google.http_for(bob) as http:
        stop = {"id": channel["id"], "resourceId": channel["resourceId"]}
        assert refusal(await http.post("channels/stop", json=stop)) == (404, "notFound")


async def test_the_greeting_may_come_before_the_answer(google: Google, hook: Hook) -> None:
    google.simulator.quirks.sync_message = "before"

    await google.http.post(f"{google.events()}/watch", json=a_channel(hook))

    assert hook.states == ["sync"]


async def test_notifications_can_be_lost(google: Google, hook: Hook) -> None:
    google.simulator.quirks.change(push="lose", sync_message="lose")
    await watch(google, a_channel(hook))

    google.calendar.add("Unheard", MONDAY)
    await google.simulator.push.settled()

    assert hook.received == []


async def test_notifications_can_be_late_and_out_of_order(google: Google, hook: Hook) -> None:
    google.simulator.quirks.push = "hold"
    await watch(google, a_channel(hook))
    google.calendar.add("One", MONDAY)
    google.calendar.add("Two", MONDAY)
    await google.simulator.push.settled()
    assert hook.states == ["sync"]

    google.simulator.push.release(newest_first=True)
    await google.simulator.push.settled()

    assert [message.headers["X-Goog-Message-Number"] for message in google.simulator.push.sent] == ["1", "7", "4"]
    assert hook.states == ["sync", "exists", "exists"]


async def test_notifications_can_come_several_times(google: Google, hook: Hook) -> None:
    google.simulator.quirks.push_copies = 3
    await watch(google, a_channel(hook))

    google.calendar.add("One", MONDAY)
    await google.simulator.push.settled()

    assert [headers["x-goog-message-number"] for headers in hook.received] == ["1", "4", "4", "4"]


async def test_a_notification_is_tried_again_when_the_receiver_is_ill(google: Google, hook: Hook) -> None:
    google.simulator.quirks.push_retry_seconds = 0.001
    hook.statuses = [503, 500, 200]

    await watch(google, a_channel(hook))

    assert google.simulator.push.sent[0].statuses == [503, 500, 200]
    assert hook.states == ["sync"] * 3


@pytest.mark.parametrize("status", [204, 404])
async def test_a_notification_is_not_tried_again_when_it_was_taken_or_refused(
    google: Google, hook: Hook, status: int
) -> None:
    hook.statuses = [status]

    await watch(google, a_channel(hook))

    assert google.simulator.push.sent[0].statuses == [status]


async def test_nobody_at_the_address_harms_nothing(google: Google, hook: Hook) -> None:
    response = await watch(google, a_channel(hook, address="http://127.0.0.1:9/push"))

    assert response.status_code == 200
    assert google.simulator.push.sent[0].statuses == [0]
