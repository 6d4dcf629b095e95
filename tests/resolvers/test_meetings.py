"""Meetings of a list of events: as many queries for many as for one, and nobody else's."""

import pytest

from tests.schema.asking import Asking, hour
from tests.store.test_cost import counted

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = """
query ($first: Int!) {
  events(first: $first) { nodes { title meeting { id differences copies { title calendar { id } } } } }
}
"""


async def in_two_calendars(ada: Asking, count: int) -> None:
    for _ in range(2):
        feed = ada.door.feed()
        for number in range(count):
            feed.put(
                f"{number}", summary=f"Meeting {number}", start=hour(number), more=["LOCATION:https://zoom.us/my/ada"]
            )
        await ada.connect(feed)
    await ada.sync()


async def test_a_list_costs_as_many_statements_however_many_meetings_are_on_it(ada: Asking) -> None:
    await in_two_calendars(ada, 10)

    with counted() as one:
        await ada.data(LIST, first=1)
    with counted() as many:
        nodes = (await ada.data(LIST, first=20))["events"]["nodes"]

    assert one.statements == many.statements
    assert {len(node["meeting"]["copies"]) for node in nodes} == {2}
    assert len({node["meeting"]["id"] for node in nodes}) == 10


async def test_another_users_meeting_is_not_there(ada: Asking, bob: Asking) -> None:
    await in_two_calendars(ada, 1)
    await in_two_calendars(bob, 1)

    (mine, *_) = (await ada.data(LIST, first=1))["events"]["nodes"]

    assert len(mine["meeting"]["copies"]) == 2
    query = "query ($id: ID!) { meeting(id: $id) { id } }"
    assert await bob.data(query, id=mine["meeting"]["id"]) == {"meeting": None}
