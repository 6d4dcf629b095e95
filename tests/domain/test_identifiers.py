"""Identifiers: what is derived is the same again, what is random is not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.identifiers import (
    calendar_id,
    connection_id,
    event_id,
    new_api_key_id,
    new_org_calendar_id,
    new_organization_id,
    new_run_id,
    new_user_id,
    occurrence_id,
)

USER = new_user_id()
CONNECTION = connection_id(USER, "caldav", "https://example.org/ada")
CALENDAR = calendar_id(CONNECTION, "/ada/work/")
EVENT = event_id(CALENDAR, "1@example.org")


def test_an_account_connected_again_has_the_same_identifier() -> None:
    assert connection_id(USER, "caldav", "https://example.org/ada") == CONNECTION


def test_accounts_users_and_providers_are_kept_apart() -> None:
    others = {
        connection_id(USER, "ics", "https://example.org/ada"),
        connection_id(USER, "caldav", "https://example.org/bob"),
        connection_id(new_user_id(), "caldav", "https://example.org/ada"),
    }

    assert len(others | {CONNECTION}) == 4


@settings(deadline=None)
@given(st.text(), st.text(), st.text(), st.text())
def test_names_do_not_run_into_one_another(first: str, second: str, third: str, fourth: str) -> None:
    same_names = (first, second) == (third, fourth)

    assert (connection_id(USER, first, second) == connection_id(USER, third, fourth)) is same_names


def test_an_occurrence_is_named_by_its_original_start() -> None:
    starts = ["", "2026-01-05T09:00:00", "2026-01-12T09:00:00", "2026-01-05"]

    assert len({occurrence_id(EVENT, start) for start in starts}) == len(starts)
    assert occurrence_id(EVENT, starts[1]) == occurrence_id(EVENT, starts[1])


def test_an_occurrence_that_cannot_have_its_plain_identifier_gets_another() -> None:
    attempts = [occurrence_id(EVENT, "2026-01-05T09:00:00", attempt=attempt) for attempt in range(3)]

    assert attempts[0] == occurrence_id(EVENT, "2026-01-05T09:00:00")
    assert len(set(attempts)) == 3


def test_identifiers_say_what_they_name_and_fit_into_an_address() -> None:
    made = {
        "org_": new_organization_id(),
        "usr_": USER,
        "ak_": new_api_key_id(),
        "run_": new_run_id(),
        "mcorg_": new_org_calendar_id(),
        "tcred_": CONNECTION,
        "cal_": CALENDAR,
        "evt_": EVENT,
        "mcevt_": occurrence_id(EVENT, ""),
    }

    for prefix, identifier in made.items():
        assert identifier.startswith(prefix)
        assert identifier.removeprefix(prefix).isalnum()
        assert len(identifier.removeprefix(prefix)) == 24


def test_random_identifiers_do_not_repeat() -> None:
    assert len({new_user_id() for _ in range(1000)}) == 1000
