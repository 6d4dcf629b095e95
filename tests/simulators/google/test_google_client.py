"""Google's own client library takes the simulator for Google."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient.channel import new_webhook_channel, notification_from_headers
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

from simulators.google.app import GoogleSimulator
from simulators.google.authority import Tokens
from simulators.google.faults import Fault
from simulators.server import ServerThread
from tests.simulators.google.world import MONDAY, SCOPE, WEEKLY, instance, starting

Json = dict[str, Any]


class World:
    """A simulator in a thread, and `service`, the API as Google's library offers it to `ada`."""

    def __init__(self, url: str, simulator: GoogleSimulator) -> None:
        self.url = url
        self.simulator = simulator
        self.client = simulator.add_client("client", "secret")
        self.ada = simulator.add_account("ada@example.com")
        self.tokens: Tokens = simulator.grant(self.client, self.ada, f"{SCOPE}calendar")
        assert self.tokens.refresh is not None
        credentials = Credentials(
            self.tokens.access.value,
            refresh_token=self.tokens.refresh.value,
            token_uri=f"{url}/token",
            client_id="client",
            client_secret="secret",
        )
        options = {"api_endpoint": f"{url}/calendar/v3/"}
        self.service = build("calendar", "v3", credentials=credentials, client_options=options, static_discovery=True)

    def events(self, **parameters: Any) -> tuple[list[Json], str]:  # noqa: ANN401 - those of the API
        """All of a listing, and its sync token."""
        events, items = self.service.events(), []
        request = events.list(calendarId="primary", **parameters)
        while True:
            page = request.execute()
            items += page["items"]
            following = events.list_next(request, page)
            if following is None:
                return items, page["nextSyncToken"]
            request = following


@pytest.fixture
def world() -> Iterator[World]:
    simulator = GoogleSimulator()
    with ServerThread(simulator) as url:
        world = World(url, simulator)
        yield world
        world.service.close()


def titles(items: list[Json]) -> list[str]:
    return [item["summary"] for item in items]


def body(title: str) -> Json:
    return {"summary": title, "start": starting(MONDAY), "end": starting(MONDAY)}


def test_a_full_listing_then_increments(world: World) -> None:
    events = world.service.events()
    for number in range(5):
        events.insert(calendarId="primary", body=body(f"Event {number}")).execute()

    items, token = world.events(maxResults=2)
    assert titles(items) == [f"Event {number}" for number in range(5)]

    events.patch(calendarId="primary", eventId=items[0]["id"], body={"summary": "Changed"}).execute()
    events.delete(calendarId="primary", eventId=items[1]["id"]).execute()
    changes, token = world.events(maxResults=2, syncToken=token)
    assert [(item["id"], item["status"]) for item in changes] == [
        (items[0]["id"], "confirmed"),
        (items[1]["id"], "cancelled"),
    ]
    assert world.events(syncToken=token)[0] == []


def test_a_lost_sync_token_is_gone(world: World) -> None:
    _, token = world.events()
    world.ada.primary.expire_sync_tokens()

    with pytest.raises(HttpError) as error:
        world.events(syncToken=token)

    assert error.value.resp.status == 410
    assert error.value.error_details[0]["reason"] == "fullSyncRequired"
    assert "full sync is required" in error.value.reason


def test_a_series_and_its_instances(world: World) -> None:
    events = world.service.events()
    master = events.insert(calendarId="primary", body=body("Series") | {"recurrence": WEEKLY}).execute()
    events.delete(calendarId="primary", eventId=instance(master["id"], 1)).execute()

    listed = events.instances(calendarId="primary", eventId=master["id"]).execute()["items"]

    assert [item["id"] for item in listed] == [instance(master["id"], week) for week in (0, 2, 3, 4)]
    assert [item["status"] for item in world.events()[0]] == ["confirmed", "cancelled"]


def test_calendars_and_their_list(world: World) -> None:
    team = world.ada.add_calendar("Team", id="en.usa#team@group.calendar.google.com")
    team.add("Elsewhere", MONDAY)

    listed = world.service.calendarList().list().execute()["items"]

    assert [item["id"] for item in listed] == ["ada@example.com", team.id]
    assert world.service.calendars().get(calendarId=team.id).execute()["summary"] == "Team"
    assert titles(world.service.events().list(calendarId=team.id).execute()["items"]) == ["Elsewhere"]


def test_an_expired_access_token_is_refreshed_on_the_way(world: World) -> None:
    world.simulator.authority.expire_access_tokens()

    assert world.events()[0] == []
    assert world.simulator.count("POST", "/token") == 1


def test_a_dead_grant_is_told(world: World) -> None:
    world.simulator.authority.withdraw(world.client, world.ada)

    with pytest.raises(RefreshError, match="Token has been expired or revoked"):
        world.events()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(reason="backendError"),
        Fault(reason="rateLimitExceeded", status=429, retry_after="1"),
        Fault(reason="userRateLimitExceeded", status=403),
        Fault(reason="rateLimitExceeded", status=403),
    ],
)
def test_what_google_retries_it_retries_here(world: World, fault: Fault) -> None:
    world.simulator.faults.plan(fault)
    request = world.service.events().list(calendarId="primary")
    request._sleep = lambda _: None

    assert request.execute(num_retries=1)["items"] == []
    assert world.simulator.count("GET", "/events") == 2


def test_what_google_does_not_retry_it_does_not_retry_here(world: World) -> None:
    world.simulator.faults.plan(Fault(reason="quotaExceeded"))

    with pytest.raises(HttpError) as error:
        world.service.events().list(calendarId="primary").execute(num_retries=1)

    assert error.value.error_details[0]["reason"] == "quotaExceeded"


def test_a_channel_opens_speaks_and_stops(world: World) -> None:
    channel = new_webhook_channel("http://127.0.0.1:9/push", token="secret")
    answer = world.service.events().watch(calendarId="primary", body=channel.body()).execute()
    channel.update(answer)

    world.simulator.quirks.push = "hold"
    world.ada.primary.add("New", MONDAY)
    (message,) = world.simulator.push.held
    notification = notification_from_headers(channel, message.headers)

    assert (notification.state, notification.message_number) == ("exists", 4)
    assert (notification.resource_id, notification.resource_uri) == (channel.resource_id, answer["resourceUri"])
    stopped = {"id": channel.id, "resourceId": channel.resource_id}
    assert world.service.channels().stop(body=stopped).execute() == ""


def test_several_calls_in_one_request(world: World) -> None:
    answers: dict[str, Any] = {}
    world.ada.primary.add("There", MONDAY, id="there0")
    events = world.service.events()
    batch = BatchHttpRequest(
        callback=lambda name, answer, error: answers.update({name: error.resp.status if error else answer}),
        batch_uri=f"{world.url}/batch/calendar/v3",
    )
    batch.add(events.get(calendarId="primary", eventId="there0"), request_id="there")
    batch.add(events.get(calendarId="primary", eventId="nowhere0"), request_id="nowhere")
    batch.add(events.insert(calendarId="primary", body=body("Zürich")), request_id="new")
    batch.add(events.delete(calendarId="primary", eventId="there0"), request_id="gone")
    world.simulator.faults.plan(Fault(method="DELETE", reason="rateLimitExceeded", status=429))

    batch.execute(http=world.service._http)

    assert answers["there"]["summary"] == "There"
    assert answers["nowhere"] == 404
    assert answers["new"]["summary"] == "Zürich"
    assert answers["gone"] == 429
    assert [request.method for request in world.simulator.log] == ["POST", "GET", "GET", "POST", "DELETE"]
