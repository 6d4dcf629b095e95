"""Microsoft's own SDK takes the simulator for Graph."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.event_type import EventType
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.subscription import Subscription
from msgraph.graph_request_adapter import options
from msgraph_core import GraphClientFactory
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from simulators.faults import Fault
from simulators.server import serving
from tests.simulators.microsoft import contract
from tests.simulators.microsoft.world import IMMUTABLE, MONDAY, WEEKLY, Microsoft, occurrence

# The SDK warns of its own code, class by class.
pytestmark = [
    pytest.mark.filterwarnings("ignore:GetQueryParameters is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning"),
]
JANUARY = {"start_date_time": "2026-01-01T00:00:00Z", "end_date_time": "2026-02-01T00:00:00Z"}


class OneToken(AuthenticationProvider):  # type: ignore[misc] # mypy does not follow into the SDK
    def __init__(self, token: str) -> None:
        self.token = token

    async def authenticate_request(
        self, request: RequestInformation, additional_authentication_context: dict[str, Any] | None = None
    ) -> None:
        request.headers.add("Authorization", f"Bearer {self.token}")


@pytest.fixture
async def graph(microsoft: Microsoft) -> AsyncIterator[Any]:
    contract.spare_the_heirs()
    token = microsoft.http.headers["authorization"].removeprefix("Bearer ")
    # Its middleware stands between a client and its transport, and closes neither.
    async with httpx.AsyncHTTPTransport() as transport:
        plain = httpx.AsyncClient(transport=transport, trust_env=False)
        client = GraphClientFactory.create_with_default_middleware(client=plain, options=options)
        adapter = GraphRequestAdapter(OneToken(token), client)
        adapter.base_url = f"{microsoft.url}/v1.0"
        yield GraphServiceClient(request_adapter=adapter)


def preferring(*preferences: str, query: Any = None) -> Any:  # noqa: ANN401 - of the SDK
    configuration = RequestConfiguration(query_parameters=query)
    for each in preferences:
        configuration.headers.add("Prefer", each)
    return configuration


async def test_its_calendars(microsoft: Microsoft, graph: Any) -> None:  # noqa: ANN401 - of the SDK
    microsoft.ada.add_calendar("Team")

    found = await graph.me.calendars.get()

    assert [(calendar.name, calendar.is_default_calendar) for calendar in found.value] == [
        ("Calendar", True),
        ("Team", False),
    ]


async def test_its_rounds(microsoft: Microsoft, graph: Any) -> None:  # noqa: ANN401 - of the SDK
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    other = microsoft.calendar.add("Review", MONDAY)
    delta = graph.me.calendars.by_calendar_id(microsoft.calendar.id).calendar_view.delta
    january = type(delta).DeltaRequestBuilderGetQueryParameters(**JANUARY)

    first = await delta.get(preferring(IMMUTABLE, "odata.maxpagesize=5", query=january))
    second = await delta.with_url(first.odata_next_link).get(preferring(IMMUTABLE))
    microsoft.calendar.remove(other)
    increment = await delta.with_url(second.odata_delta_link).get(preferring(IMMUTABLE))

    assert [event.type for event in first.value] == [EventType.SeriesMaster, *[EventType.Occurrence] * 4]
    assert first.value[0].recurrence.range.number_of_occurrences == 4
    assert first.value[1].id == occurrence(series, 0)
    assert [event.subject for event in second.value] == ["Review"]
    assert [(event.id, event.additional_data["@removed"]) for event in increment.value] == [
        (other, {"reason": "deleted"})
    ]


async def test_its_instances(microsoft: Microsoft, graph: Any) -> None:  # noqa: ANN401 - of the SDK
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.change(occurrence(series, 1), subject="Special")
    event = graph.me.events.by_event_id(series)
    query = type(event.instances).InstancesRequestBuilderGetQueryParameters(**JANUARY)

    master = await event.get(preferring('outlook.timezone="Pacific Standard Time"'))
    instances = await event.instances.get(preferring(query=query))

    assert master.start.date_time == "2026-01-05T00:00:00.0000000"
    assert [each.subject for each in instances.value] == ["Stand-up", "Special", "Stand-up", "Stand-up"]
    assert instances.value[1].original_start == datetime(2026, 1, 12, 8, tzinfo=UTC)


async def test_its_subscriptions(microsoft: Microsoft, graph: Any) -> None:  # noqa: ANN401 - of the SDK
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        token = httpx.QueryParams(scope["query_string"].decode())["validationToken"]
        await PlainTextResponse(token)(scope, receive, send)

    async with serving(echo) as hook:
        wanted = Subscription(
            change_type="created,updated,deleted",
            notification_url=hook,
            resource="/me/events",
            expiration_date_time=datetime.now(UTC) + timedelta(days=6),
            client_state="a secret",
        )
        made = await graph.subscriptions.post(wanted)
    subscription = graph.subscriptions.by_subscription_id(made.id)
    renewed = await subscription.patch(Subscription(expiration_date_time=datetime.now(UTC) + timedelta(days=1)))
    await subscription.reauthorize.post()
    await subscription.delete()

    assert made.client_state == "a secret"
    assert renewed.expiration_date_time < made.expiration_date_time
    assert microsoft.simulator.push.subscriptions == {}


async def test_its_errors(graph: Any) -> None:  # noqa: ANN401 - of the SDK
    with pytest.raises(ODataError) as caught:
        await graph.me.events.by_event_id("none").get()

    assert (caught.value.response_status_code, caught.value.error.code) == (404, "ErrorItemNotFound")
    assert caught.value.error.inner_error.request_id


async def test_its_retries(microsoft: Microsoft, graph: Any) -> None:  # noqa: ANN401 - of the SDK
    microsoft.simulator.faults.plan(Fault(reason="ApplicationThrottled", retry_after="1"))

    assert (await graph.me.calendar.get()).name == "Calendar"
    assert microsoft.simulator.count("GET", "/me/calendar") == 2
