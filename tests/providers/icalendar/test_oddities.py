"""Every feed in `feeds/` shows one oddity, after which it is named, and is read as the text beside it says.

The zone of the user is Europe/Paris, so that what falls back to it can be told from what is understood.
"""

from pathlib import Path

import pytest

from providers.icalendar import read_feed
from tests.providers.icalendar.telling import tell

FEEDS = Path(__file__).parent / "feeds"
ODDITIES = sorted(path.stem for path in FEEDS.glob("*.ics"))


@pytest.mark.parametrize("oddity", ODDITIES)
def test_an_odd_feed_is_read_as_it_is_meant(oddity: str) -> None:
    feed = read_feed((FEEDS / f"{oddity}.ics").read_bytes(), default_zone="Europe/Paris")

    assert [tell(change) for change in feed.changes] == _expected(oddity)


def _expected(oddity: str) -> list[str]:
    text = (FEEDS / f"{oddity}.txt").read_text("utf-8").strip()
    return text.split("\n\n") if text else []


def test_the_oddities_are_there() -> None:
    assert len(ODDITIES) > 100
