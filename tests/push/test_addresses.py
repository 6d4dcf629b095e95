"""Where providers are asked to push to."""

import pytest

from calendar_sync.domain.providers import ProviderName
from calendar_sync.push_addresses import WEBHOOKS_PATH, push_addresses
from calendar_sync.settings import Settings

GOOGLE = "https://www.googleapis.com/calendar/v3"
SIMULATOR = "http://127.0.0.1:9000/calendar/v3"


@pytest.mark.parametrize(
    ("public_url", "api_url", "is_pushed"),
    [
        ("https://calendars.example", GOOGLE, True),
        ("https://calendars.example/below/", GOOGLE, True),
        ("https://calendars.example", "http://127.0.0.1:3128/calendar/v3", True),  # a proxy
        ("http://calendars.example", GOOGLE, False),
        ("http://127.0.0.1:8000", GOOGLE, False),
        ("https://localhost:8000", GOOGLE, False),
        ("http://127.0.0.1:8000", SIMULATOR, True),
        ("http://[::1]:8000", "http://localhost:9000/calendar/v3", True),
        ("http://192.168.1.2:8000", SIMULATOR, False),
    ],
)
def test_google_pushes_where_it_can_reach_the_server(public_url: str, api_url: str, is_pushed: bool) -> None:
    settings = Settings.model_validate({"public_url": public_url, "google_api_url": api_url})
    expected = f"{public_url.rstrip('/')}{WEBHOOKS_PATH}" if is_pushed else None
    assert push_addresses(settings).get(ProviderName.GOOGLE_CALENDAR) == expected


def test_those_that_do_not_push_have_no_address() -> None:
    settings = Settings.model_validate({"public_url": "https://calendars.example"})
    assert set(push_addresses(settings)) == {ProviderName.GOOGLE_CALENDAR, ProviderName.OUTLOOK_CALENDAR}
