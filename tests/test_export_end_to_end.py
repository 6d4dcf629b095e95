"""A user's calendars leave by a feed and come back to another user of the same server, over HTTP."""

from simulators.server import serving
from tests.resolvers.test_export_feeds import CREATE, REVOKE
from tests.schema.asking import CONNECT_FEED, asking, hour
from tests.web.door import a_door

EVENTS = """
{
  events(first: 50) {
    nodes { icalUid title start { dateTime date timeZone } end { dateTime date timeZone } isRecurring location }
  }
}
"""
PUBLIC = "http://127.0.0.1:8000"


async def test_what_one_user_exports_another_reads_until_it_is_revoked(sqlite_url: str) -> None:
    async with (
        a_door(sqlite_url) as door,
        serving(door.with_state) as address,
        asking(door) as ada,
        asking(door) as bob,
    ):
        feed = await ada.with_events("Stand-up", "Lunch; with Bo, outside 😀")
        feed.put("weekly", summary="Review", start=hour(3), more=["RRULE:FREQ=WEEKLY;COUNT=5"])
        await ada.sync()
        made = (await ada.data(CREATE, input={"name": "Ada"}))["createExportFeed"]
        url = made["url"].replace(PUBLIC, address)

        connected = (await bob.data(CONNECT_FEED, url=url))["connectCalendar"]
        await bob.sync()
        mine, theirs = (await ada.data(EVENTS))["events"], (await bob.data(EVENTS))["events"]
        await ada.data(REVOKE, id=made["feed"]["id"])
        after = await bob.sync()
        kept = (await bob.data(EVENTS))["events"]

    assert "connection" in connected
    assert len(mine["nodes"]) == 7
    assert theirs == mine
    assert after["errors"] != []
    assert kept == theirs
