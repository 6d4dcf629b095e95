"""Subscriptions: how they begin and end, and what is told to them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgraph.generated.models.subscription import Subscription
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from simulators.server import serving
from tests.simulators.clients import a_client
from tests.simulators.microsoft import contract
from tests.simulators.microsoft.world import IMMUTABLE, MONDAY, WEEKLY, Microsoft, occurrence, refusal

Json = dict[str, Any]


class Hook:
    """Where notifications arrive. It answers with `statuses`, and with 202 when they are used up."""

    def __init__(self) -> None:
        self.url = ""
        self.validated: list[str] = []
        self.received: list[tuple[str, Json]] = []
        self.statuses: list[int] = []
        self.echoes = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        token = request.query_params.get("validationToken")
        if token is not None:
            self.validated.append(request.url.path)
            await PlainTextResponse(token if self.echoes else "hello")(scope, receive, send)
            return
        self.received += [(request.url.path, value) for value in (await request.json())["value"]]
        await Response(status_code=self.statuses.pop(0) if self.statuses else 202)(scope, receive, send)

    @property
    def changes(self) -> list[str]:
        return [value["changeType"] for _, value in self.received]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    async with serving(hook) as hook.url:
        yield hook


def later(**by: float) -> str:
    return (datetime.now(UTC) + timedelta(**by)).isoformat()


def wanted(microsoft: Microsoft, hook: Hook, **changes: Any) -> Json:  # noqa: ANN401 - JSON
    usual = {
        "changeType": "created,updated,deleted",
        "notificationUrl": f"{hook.url}/notified",
        "lifecycleNotificationUrl": f"{hook.url}/lifecycle",
        "resource": f"/me/calendars/{microsoft.calendar.id}/events",
        "expirationDateTime": later(days=6),
        "clientState": "a secret",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


async def subscribe(microsoft: Microsoft, hook: Hook, **changes: Any) -> Json:  # noqa: ANN401 - JSON
    response = await microsoft.http.post(
        "subscriptions", json=wanted(microsoft, hook, **changes), headers={"Prefer": IMMUTABLE}
    )
    assert response.status_code == 201, response.text
    subscription: Json = response.json()
    return subscription


# Beginning


async def test_a_subscription_is_made_once_both_addresses_have_shown_that_they_listen(
    microsoft: Microsoft, hook: Hook
) -> None:
    subscription = await subscribe(microsoft, hook)

    assert hook.validated == ["/notified", "/lifecycle"]
    assert (subscription["clientState"], subscription["creatorId"]) == ("a secret", microsoft.ada.object_id)
    assert subscription["changeType"] == "created,updated,deleted"
    assert subscription["applicationId"] == "client"
    read = await microsoft.get(f"subscriptions/{subscription['id']}")
    (listed,) = (await microsoft.get("subscriptions"))["value"]
    assert read["clientState"] is None
    assert listed["id"] == subscription["id"]


async def test_an_address_that_does_not_echo_is_refused(microsoft: Microsoft, hook: Hook) -> None:
    hook.echoes = False
    assert refusal(await microsoft.http.post("subscriptions", json=wanted(microsoft, hook))) == (400, "ValidationError")
    assert microsoft.simulator.push.subscriptions == {}


async def test_an_address_that_does_not_answer_in_time_is_refused(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.validation_seconds = 0.05

    async def silence(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await receive()

    async with serving(silence) as url:
        body = wanted(microsoft, Hook(), notificationUrl=url)
        assert refusal(await microsoft.http.post("subscriptions", json=body)) == (400, "ValidationError")


async def test_nothing_is_ever_sent_off_this_machine(microsoft: Microsoft, hook: Hook) -> None:
    body = wanted(microsoft, hook, notificationUrl="https://app.example/notified")

    assert refusal(await microsoft.http.post("subscriptions", json=body)) == (400, "ValidationError")


@pytest.mark.parametrize(
    "changes",
    [
        {"expirationDateTime": later(minutes=10_081)},
        {"expirationDateTime": later(minutes=-1)},
        {"expirationDateTime": "soon"},
        {"expirationDateTime": None},
        {"notificationUrl": None},
        {"resource": None},
        {"resource": "/me/messages"},
        {"changeType": "created,moved"},
        {"clientState": "x" * 129},
    ],
)
async def test_a_subscription_must_be_well_asked_for(microsoft: Microsoft, hook: Hook, changes: Json) -> None:
    response = await microsoft.http.post("subscriptions", json=wanted(microsoft, hook, **changes))

    assert response.status_code == 400
    assert hook.validated == []


async def test_a_calendar_that_is_not_there_cannot_be_watched(microsoft: Microsoft, hook: Hook) -> None:
    body = wanted(microsoft, hook, resource="me/calendars/AAMkNone/events")

    assert refusal(await microsoft.http.post("subscriptions", json=body)) == (404, "ErrorItemNotFound")


async def test_the_shortest_life_is_45_minutes(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook, expirationDateTime=later(minutes=1))

    left = datetime.fromisoformat(subscription["expirationDateTime"]) - datetime.now(UTC)
    assert timedelta(minutes=44) < left <= timedelta(minutes=45)


# What is told


async def test_changes_are_told_with_their_kind_and_state(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook)

    event = microsoft.calendar.add("Review", MONDAY)
    await microsoft.simulator.push.settled()
    microsoft.calendar.change(event, subject="Renamed")
    microsoft.calendar.remove(event)
    await microsoft.simulator.push.settled()

    assert hook.changes == ["created", "updated", "deleted"]
    path, first = hook.received[0]
    assert path == "/notified"
    assert (first["subscriptionId"], first["clientState"]) == (subscription["id"], "a secret")
    assert first["tenantId"] == microsoft.ada.tenant
    assert first["subscriptionExpirationDateTime"] == subscription["expirationDateTime"]
    assert first["resource"] == f"Users/{microsoft.ada.object_id}/Events/{event}"
    assert first["resourceData"] == {
        "@odata.type": "#Microsoft.Graph.Event",
        "@odata.id": first["resource"],
        "@odata.etag": first["resourceData"]["@odata.etag"],
        "id": event,
    }
    assert first["resourceData"]["@odata.etag"].startswith('W/"')


async def test_changes_close_to_one_another_are_told_together(microsoft: Microsoft, hook: Hook) -> None:
    await subscribe(microsoft, hook)
    microsoft.simulator.quirks.most_in_notification = 2

    for _ in range(5):
        microsoft.calendar.add("Review", MONDAY)
    await microsoft.simulator.push.settled()

    sizes = [len(message.body["value"]) for message in microsoft.simulator.push.sent]
    assert sizes == [2, 2, 1]
    assert len({value["resourceData"]["id"] for _, value in hook.received}) == 5


async def test_a_deleted_occurrence_updates_its_series(microsoft: Microsoft, hook: Hook) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    await subscribe(microsoft, hook)

    microsoft.calendar.remove(occurrence(series, 1))
    await microsoft.simulator.push.settled()

    assert [(v["changeType"], v["resourceData"]["id"]) for _, v in hook.received] == [("updated", series)]


async def test_only_what_was_asked_for_is_told(microsoft: Microsoft, hook: Hook) -> None:
    await subscribe(microsoft, hook, changeType="deleted", resource="me/events")
    team = microsoft.ada.add_calendar("Team")

    microsoft.calendar.add("Stays", MONDAY)
    team.remove(team.add("Elsewhere", MONDAY))
    microsoft.calendar.remove(microsoft.calendar.add("Goes", MONDAY))
    await microsoft.simulator.push.settled()

    assert hook.changes == ["deleted"]


async def test_ids_are_of_the_kind_that_was_preferred_at_first(microsoft: Microsoft, hook: Hook) -> None:
    await microsoft.http.post("subscriptions", json=wanted(microsoft, hook))

    event = microsoft.calendar.add("Review", MONDAY)
    await microsoft.simulator.push.settled()

    ((_, value),) = hook.received
    assert value["resourceData"]["id"] == microsoft.calendar.events[event].default_id


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_what_is_not_taken_is_told_again(microsoft: Microsoft, hook: Hook, status: int) -> None:
    await subscribe(microsoft, hook)
    microsoft.simulator.quirks.push_retry_seconds = 0
    hook.statuses = [status, status]

    microsoft.calendar.add("Review", MONDAY)
    await microsoft.simulator.push.settled()

    (message,) = microsoft.simulator.push.sent
    assert message.statuses == [status, status, 202]
    assert len(hook.received) == 3


async def test_what_is_never_taken_is_given_up(microsoft: Microsoft, hook: Hook) -> None:
    await subscribe(microsoft, hook)
    microsoft.simulator.quirks.push_retry_seconds = 0
    hook.statuses = [500] * 99

    microsoft.calendar.add("Review", MONDAY)
    await microsoft.simulator.push.settled()

    assert microsoft.simulator.push.sent[0].statuses == [500] * 5


# Faults of delivery


async def test_changes_may_be_told_late_and_out_of_order(microsoft: Microsoft, hook: Hook) -> None:
    await subscribe(microsoft, hook)
    microsoft.simulator.quirks.change(push="hold", most_in_notification=1)
    event = microsoft.calendar.add("Review", MONDAY)
    microsoft.calendar.remove(event)
    await microsoft.simulator.push.settled()
    assert hook.received == []

    microsoft.simulator.push.release(newest_first=True)
    await microsoft.simulator.push.settled()

    assert sorted(hook.changes) == ["created", "deleted"]
    told = [message.body["value"][0]["changeType"] for message in microsoft.simulator.push.sent]
    assert told == ["deleted", "created"]


async def test_changes_may_be_lost_or_told_twice(microsoft: Microsoft, hook: Hook) -> None:
    await subscribe(microsoft, hook)

    microsoft.simulator.quirks.push = "lose"
    microsoft.calendar.add("Lost", MONDAY)
    microsoft.simulator.quirks.change(push="deliver", push_copies=2)
    microsoft.calendar.add("Twice", MONDAY)
    await microsoft.simulator.push.settled()

    assert hook.changes == ["created", "created"]
    assert hook.received[0] == hook.received[1]


async def test_a_notification_may_be_forged(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook)

    microsoft.simulator.push.forge(microsoft.simulator.push.subscriptions[subscription["id"]])
    await microsoft.simulator.push.settled()

    ((_, value),) = hook.received
    assert (value["subscriptionId"], value["clientState"]) == (subscription["id"], "forged")


# Life and end


async def test_a_subscription_is_renewed_within_limits(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook, expirationDateTime=later(hours=1))
    path = f"subscriptions/{subscription['id']}"

    renewed = await microsoft.http.patch(path, json={"expirationDateTime": later(days=6)})

    assert renewed.status_code == 200
    assert renewed.json()["expirationDateTime"] > subscription["expirationDateTime"]
    for wrong in ({"expirationDateTime": later(days=8)}, {"lifecycleNotificationUrl": hook.url}, {}):
        assert (await microsoft.http.patch(path, json=wrong)).status_code == 400


async def test_an_expired_subscription_is_gone_and_told_nothing(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook, expirationDateTime=later(hours=1))
    microsoft.simulator.quirks.access_token_seconds = 10**6
    token = microsoft.simulator.grant(microsoft.client, microsoft.ada).access.value
    microsoft.http.headers["authorization"] = f"Bearer {token}"
    microsoft.simulator.advance(hours=1)

    microsoft.calendar.add("Review", MONDAY)
    await microsoft.simulator.push.settled()

    assert hook.received == []
    assert await microsoft.error(f"subscriptions/{subscription['id']}") == (404, "ResourceNotFound")
    assert (await microsoft.get("subscriptions"))["value"] == []


async def test_a_deleted_subscription_is_told_nothing(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook)

    assert (await microsoft.http.delete(f"subscriptions/{subscription['id']}")).status_code == 204
    microsoft.calendar.add("Review", MONDAY)
    await microsoft.simulator.push.settled()

    assert hook.received == []
    assert await microsoft.error(f"subscriptions/{subscription['id']}", "DELETE") == (404, "ResourceNotFound")


async def test_a_subscription_is_its_clients(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook)
    other = microsoft.simulator.add_client("other", "secret")
    token = microsoft.simulator.grant(other, microsoft.ada).access.value
    headers = {"Authorization": f"Bearer {token}"}

    response: httpx.Response = await microsoft.http.get(f"subscriptions/{subscription['id']}", headers=headers)

    assert refusal(response) == (404, "ResourceNotFound")


@pytest.mark.parametrize("deed", ["reauthorize", "renew"])
async def test_nothing_is_told_until_it_is_reauthorized(microsoft: Microsoft, hook: Hook, deed: str) -> None:
    subscription = await subscribe(microsoft, hook)
    path = f"subscriptions/{subscription['id']}"
    microsoft.simulator.push.lifecycle(
        microsoft.simulator.push.subscriptions[subscription["id"]], "reauthorizationRequired"
    )
    microsoft.calendar.add("Missed", MONDAY)
    await microsoft.simulator.push.settled()
    assert [(where, value["lifecycleEvent"]) for where, value in hook.received] == [
        ("/lifecycle", "reauthorizationRequired")
    ]

    if deed == "reauthorize":
        assert (await microsoft.http.post(f"{path}/reauthorize")).status_code == 204
    else:
        assert (await microsoft.http.patch(path, json={"expirationDateTime": later(days=6)})).status_code == 200
    microsoft.calendar.add("Told", MONDAY)
    await microsoft.simulator.push.settled()

    assert [where for where, _ in hook.received] == ["/lifecycle", "/notified"]


async def test_lifecycle_events_say_which_subscription_they_are_about(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook)
    known = microsoft.simulator.push.subscriptions[subscription["id"]]

    microsoft.simulator.push.lifecycle(known, "missed")
    microsoft.simulator.push.lifecycle(known, "subscriptionRemoved")
    await microsoft.simulator.push.settled()

    assert [value["lifecycleEvent"] for _, value in hook.received] == ["missed", "subscriptionRemoved"]
    assert all(value["subscriptionId"] == subscription["id"] for _, value in hook.received)
    assert all(value["clientState"] == "a secret" for _, value in hook.received)
    assert await microsoft.error(f"subscriptions/{subscription['id']}") == (404, "ResourceNotFound")
    assert contract.problems_of(subscription, Subscription) == []


async def test_subscriptions_are_steered_over_http(microsoft: Microsoft, hook: Hook) -> None:
    subscription = await subscribe(microsoft, hook)
    path = f"/_control/subscriptions/{subscription['id']}"

    async with a_client(microsoft.url) as control:
        listed = (await control.get("/_control/subscriptions")).json()
        await control.patch("/_control/quirks", json={"push": "hold"})
        microsoft.calendar.add("Review", MONDAY)
        await control.post("/_control/push/release?newest_first=true")
        await microsoft.simulator.push.settled()
        await control.post(f"{path}/forge", json={"client_state": None})
        await microsoft.simulator.push.settled()
        await control.post(f"{path}/lifecycle", json={"event": "missed"})
        refused = await control.post(f"{path}/lifecycle", json={"event": "forgotten"})
    await microsoft.simulator.push.settled()

    assert listed == [{"id": subscription["id"], "account": "ada@example.com", "resource": subscription["resource"]}]
    assert [(where, value["clientState"]) for where, value in hook.received] == [
        ("/notified", "a secret"),
        ("/notified", None),
        ("/lifecycle", "a secret"),
    ]
    assert refused.status_code == 422
