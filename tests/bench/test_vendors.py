"""The accounts that the proof run is held against: they must know themselves what is in them."""

import pytest

from bench.scale.vendors import EVENTS, GoogleCalendar, IcsFeed, Simulated, Vendors


def titles_at(account: Simulated) -> list[str]:
    """As the simulated vendor has them."""
    calendar = account.calendar
    if isinstance(calendar, IcsFeed):
        lines = [line for event in calendar.feed.events.values() for line in event]
        return sorted(line.removeprefix("SUMMARY:") for line in lines if line.startswith("SUMMARY:"))
    assert isinstance(calendar, GoogleCalendar)
    return sorted(each.resource["summary"] for each in calendar.calendar.events.values() if not each.is_removed)


@pytest.mark.parametrize("number", [0, 1])
def test_an_account_knows_what_is_in_it_however_often_it_changes(number: int) -> None:
    account = Vendors(2).accounts[number]
    changes = [account.change() for _ in range(40)]

    assert titles_at(account) == [
        title.replace(",", "\\,") if number else title for title in sorted(account.titles.values())
    ]
    assert len(account.titles) == EVENTS + changes.count("new") - changes.count("removed")


def test_no_event_is_changed_twice() -> None:
    account = Vendors(1).accounts[0]
    changes = [account.change() for _ in range(40)]

    assert {"new", "updated", "removed"} == set(changes)
    assert changes.count("updated") + changes.count("removed") == EVENTS


def test_every_fourth_account_is_at_google() -> None:
    assert [account.provider == "google_calendar" for account in Vendors(8).accounts] == [True, False, False, False] * 2
