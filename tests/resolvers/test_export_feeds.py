"""Feeds over GraphQL: made with their address, listed without it, revoked."""

from typing import Any

import pytest
from dirty_equals import IsStr

from tests.schema.asking import Asking

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = "id name isBusyOnly calendarIds createdAt lastReadAt"
LIST = f"{{ exportFeeds {{ {FIELDS} }} }}"
CREATE = f"""
mutation ($input: CreateExportFeedInput!) {{
  createExportFeed(input: $input) {{
    __typename
    ... on ExportFeedCreated {{ feed {{ {FIELDS} }} url webcalUrl }}
    ... on Failure {{ code message field }}
  }}
}}
"""
REVOKE = """
mutation ($id: ID!) {
  revokeExportFeed(id: $id) {
    __typename
    ... on ExportFeedRevoked { exportFeedId }
    ... on Failure { code message field }
  }
}
"""


async def created(ada: Asking, **wanted: object) -> Any:  # noqa: ANN401 - JSON
    return (await ada.data(CREATE, input={"name": "Everything", **wanted}))["createExportFeed"]


async def test_a_feed_is_made_with_its_address_and_listed_without(ada: Asking) -> None:
    made = await created(ada)
    listed = (await ada.data(LIST))["exportFeeds"]

    path = made["url"].removeprefix("http://127.0.0.1:8000/calendars/")
    assert made == {
        "__typename": "ExportFeedCreated",
        "feed": {
            "id": IsStr(regex="feed_[a-z2-7]{24}"),
            "name": "Everything",
            "isBusyOnly": False,
            "calendarIds": None,
            "createdAt": IsStr(),
            "lastReadAt": None,
        },
        "url": IsStr(regex=r"http://127\.0\.0\.1:8000/calendars/csf_[A-Za-z0-9_-]{43}\.ics"),
        "webcalUrl": f"webcal://127.0.0.1:8000/calendars/{path}",
    }
    assert listed == [made["feed"]]


async def test_it_can_be_of_some_calendars_and_of_times_alone(ada: Asking) -> None:
    await ada.with_events("Stand-up")
    (calendar,) = (await ada.data("{ calendars { id } }"))["calendars"]

    made = await created(ada, calendarIds=[calendar["id"]], busyOnly=True)

    assert (made["feed"]["calendarIds"], made["feed"]["isBusyOnly"]) == ([calendar["id"]], True)


async def test_it_is_revoked_once_and_by_nobody_else(ada: Asking, bob: Asking) -> None:
    id = (await created(ada))["feed"]["id"]

    answers = [(await one.data(REVOKE, id=id))["revokeExportFeed"] for one in (bob, ada, ada)]

    assert [answer.get("code", answer["__typename"]) for answer in answers] == [
        "EXPORT_FEED_NOT_FOUND",
        "ExportFeedRevoked",
        "EXPORT_FEED_NOT_FOUND",
    ]
    assert (await ada.data(LIST))["exportFeeds"] == []


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        ({"name": ""}, "VALIDATION_ERROR", "input.name"),
        ({"calendarIds": []}, "VALIDATION_ERROR", "input.calendarIds"),
        ({"calendarIds": ["cal_x"]}, "CALENDAR_NOT_FOUND", None),
    ],
)
async def test_what_cannot_be_is_told_as_data(
    ada: Asking, wanted: dict[str, object], code: str, field: str | None
) -> None:
    failed = await created(ada, **wanted)

    assert (failed["__typename"], failed["code"], failed["field"]) == ("CreateExportFeedFailed", code, field)
