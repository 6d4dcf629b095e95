"""The page of meeting links lists what the code knows, no more and no less."""

import re

import pytest

from calendar_sync.domain.events import MeetingLink
from calendar_sync.domain.meeting_links import find_meeting_links, meeting_link
from calendar_sync.domain.meeting_platforms import PLATFORMS
from tests.commands import ROOT

PAGE = (ROOT / "docs" / "meeting-links.md").read_text()
_, PLATFORM_PART, WRAPPER_PART = re.split(r"^## .*$", PAGE, flags=re.MULTILINE)
ROWS = re.findall(r"^\| `(\w+)` \| (.+) \|$", PLATFORM_PART, re.MULTILINE)
ADDRESS = re.compile(r"`((?:https|zoommtg)://[^`]+)`")
EXAMPLES = [(platform, address) for platform, examples in ROWS for address in ADDRESS.findall(examples)]


def test_every_platform_is_listed_once() -> None:
    assert [platform for platform, _ in ROWS] == list(PLATFORMS)


@pytest.mark.parametrize(("platform", "address"), EXAMPLES)
def test_every_example_is_of_its_platform(platform: str, address: str) -> None:
    assert meeting_link(address) == MeetingLink(address, platform)


@pytest.mark.parametrize("address", ADDRESS.findall(WRAPPER_PART))
def test_every_wrapper_is_undone(address: str) -> None:
    assert meeting_link(address) == MeetingLink("https://zoom.us/j/85012345678", "zoom")


@pytest.mark.parametrize(
    "page",
    [address for address in re.findall(r"`([\w.]+(?:/[\w/]*)?)`", PAGE.split("## Platforms")[0]) if "." in address],
)
def test_pages_that_are_left_out_are_no_links(page: str) -> None:
    known_fields = {"onlineMeeting.joinUrl", "globalcallin.php"}
    if page not in known_fields:
        assert find_meeting_links([f"https://{page.rstrip('/')}/x"], None, ()) == ()
