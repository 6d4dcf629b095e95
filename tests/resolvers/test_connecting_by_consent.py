"""Connecting an account whose provider asks its user itself."""

from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio

from tests import databases
from tests.schema.asking import asking
from tests.web.google import CALLBACK, DoorAtGoogle, a_door_at_google, allowed

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONNECT = """
mutation ($input: ConnectCalendarInput!) {
  connectCalendar(input: $input) {
    __typename
    ... on AuthorizationRequired { authorizationUrl state }
    ... on Failure { code message field }
  }
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[DoorAtGoogle]:
    async with a_door_at_google(databases.a_migrated_file(tmp_path_factory.mktemp("google"))) as google:
        yield google


async def test_google_answers_where_to_go_and_is_connected_on_the_way_back(google: DoorAtGoogle) -> None:
    async with asking(google.door) as ada, google.door.asking() as browser:
        begun = (await ada.data(CONNECT, input={"google": {"loginHint": "ada@example.com"}}))["connectCalendar"]
        assert begun["__typename"] == "AuthorizationRequired"
        assert httpx.URL(begun["authorizationUrl"]).params["login_hint"] == "ada@example.com"
        returned = await allowed(begun["authorizationUrl"])
        assert returned["state"] == begun["state"]

        assert (await browser.get(CALLBACK, params=returned)).status_code == 200
        (connection,) = (await ada.data("{ connections { provider status accountEmail } }"))["connections"]

    assert connection == {"provider": "GOOGLE_CALENDAR", "status": "ACTIVE", "accountEmail": "ada@example.com"}


async def test_what_is_not_set_up_is_listed_as_unavailable_and_refused(google: DoorAtGoogle) -> None:
    async with asking(google.door) as ada:
        listed = (await ada.data("{ providers { name isAvailable unavailableReason } }"))["providers"]
        refused = (await ada.data(CONNECT, input={"zoom": {}}))["connectCalendar"]

    by_name = {provider["name"]: provider for provider in listed}
    assert by_name["GOOGLE_CALENDAR"]["isAvailable"]
    assert by_name["GOOGLE_CALENDAR"]["unavailableReason"] is None
    assert not by_name["ZOOM"]["isAvailable"]
    assert (refused["__typename"], refused["code"], refused["field"]) == (
        "ConnectFailed",
        "VALIDATION_ERROR",
        "input.zoom",
    )
    assert refused["message"] == by_name["ZOOM"]["unavailableReason"]
