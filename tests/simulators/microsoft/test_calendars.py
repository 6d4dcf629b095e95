"""Who somebody is, and which calendars there are."""

import pytest

from tests.simulators.microsoft.world import Microsoft, refusal


async def test_me_says_who_it_is(microsoft: Microsoft) -> None:
    me = await microsoft.get("me")

    assert (me["displayName"], me["givenName"], me["surname"]) == ("Ada Lovelace", "Ada", "Lovelace")
    assert (me["mail"], me["id"]) == ("ada@example.com", microsoft.ada.object_id)


async def test_the_default_calendar_comes_first_and_has_an_address_of_its_own(microsoft: Microsoft) -> None:
    microsoft.ada.add_calendar("Team", color="lightGreen", hex_color="#00ff00")

    default, team = await microsoft.whole("me/calendars")

    assert (default["name"], default["isDefaultCalendar"], default["isRemovable"]) == ("Calendar", True, False)
    assert default["owner"] == {"name": "Ada Lovelace", "address": "ada@example.com"}
    assert default["allowedOnlineMeetingProviders"] == ["teamsForBusiness"]
    assert (team["name"], team["color"], team["hexColor"]) == ("Team", "lightGreen", "#00ff00")
    assert (await microsoft.get("me/calendar"))["id"] == default["id"]
    assert (await microsoft.get(f"me/calendars/{team['id']}"))["name"] == "Team"
    assert (await microsoft.get(f"users/ada@example.com/calendars/{team['id']}"))["name"] == "Team"


async def test_ten_calendars_are_a_page_unless_more_are_asked_for(microsoft: Microsoft) -> None:
    for number in range(24):
        microsoft.ada.add_calendar(f"Calendar {number}")

    usual = await microsoft.get("me/calendars")
    large = await microsoft.get("me/calendars", **{"$top": "100"})
    every = await microsoft.whole("me/calendars", **{"$top": "7", "$select": "name"})

    assert (len(usual["value"]), len(large["value"]), "@odata.nextLink" in large) == (10, 25, False)
    assert usual["@odata.nextLink"] == f"{microsoft.url}/v1.0/me/calendars?$skip=10"
    assert [calendar["name"] for calendar in every] == [calendar["name"] for calendar in large["value"]]
    assert every[0].keys() == {"id", "name"}


@pytest.mark.parametrize("top", ["0", "-1", "many"])
async def test_a_page_has_a_size(microsoft: Microsoft, top: str) -> None:
    assert await microsoft.error("me/calendars", **{"$top": top}) == (400, "BadRequest")


async def test_a_shared_calendar_needs_a_permission_of_its_own(microsoft: Microsoft) -> None:
    shared = microsoft.ada.add_calendar("Grace", owner_name="Grace", owner_address="grace@example.com", can_edit=False)

    assert len(await microsoft.whole("me/calendars")) == 1
    assert await microsoft.error(f"me/calendars/{shared.id}") == (403, "ErrorAccessDenied")
    async with microsoft.http_for(microsoft.ada, "Calendars.Read.Shared") as http:
        calendar = (await http.get(f"me/calendars/{shared.id}")).json()
        assert (calendar["owner"]["address"], calendar["canEdit"]) == ("grace@example.com", False)
        assert len((await http.get("me/calendars")).json()["value"]) == 2


async def test_a_calendar_that_is_not_there_is_not_found(microsoft: Microsoft) -> None:
    assert await microsoft.error("me/calendars/AAMkNone") == (404, "ErrorItemNotFound")


async def test_an_account_without_a_mailbox_has_no_calendars(microsoft: Microsoft) -> None:
    bob = microsoft.simulator.add_account("bob@example.com", has_mailbox=False)

    async with microsoft.http_for(bob) as http:
        assert refusal(await http.get("me/calendars")) == (404, "MailboxNotEnabledForRESTAPI")
        assert (await http.get("me")).json()["mail"] is None


async def test_nobody_reads_anybody_elses_mailbox(microsoft: Microsoft) -> None:
    microsoft.simulator.add_account("bob@example.com")

    assert await microsoft.error("users/bob@example.com/calendars") == (403, "ErrorAccessDenied")


@pytest.mark.parametrize("scope", ["User.Read", "Mail.Read"])
async def test_reading_calendars_must_have_been_granted(microsoft: Microsoft, scope: str) -> None:
    async with microsoft.http_for(microsoft.ada, scope) as http:
        assert refusal(await http.get("me/calendars")) == (403, "ErrorAccessDenied")


@pytest.mark.parametrize(
    "scope", ["Calendars.ReadWrite", "https://graph.microsoft.com/Calendars.Read", "calendars.readbasic"]
)
async def test_any_permission_to_read_will_do_by_any_of_its_names(microsoft: Microsoft, scope: str) -> None:
    async with microsoft.http_for(microsoft.ada, scope) as http:
        assert (await http.get("me/calendars")).status_code == 200


async def test_a_token_must_be_there_and_live(microsoft: Microsoft) -> None:
    async with microsoft.raw() as http:
        without = await http.get("me/calendars", headers={"Authorization": ""})
    microsoft.simulator.advance(seconds=4203)
    expired = await microsoft.http.get("me/calendars")

    assert refusal(without) == refusal(expired) == (401, "InvalidAuthenticationToken")
    assert 'error="invalid_token"' in expired.headers["www-authenticate"]


async def test_every_answer_has_an_id_and_says_the_clients(microsoft: Microsoft) -> None:
    response = await microsoft.http.get("me", headers={"client-request-id": "mine"})

    assert response.headers["client-request-id"] == "mine"
    assert response.headers["request-id"]


async def test_what_graph_does_not_have_is_a_bad_request(microsoft: Microsoft) -> None:
    assert await microsoft.error("me/calendarium") == (400, "BadRequest")
