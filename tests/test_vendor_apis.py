"""Vendors' limits are settings, what they document is the default, and the server keeps to them."""

from collections.abc import Callable

import pytest

from calendar_sync import vendor_apis
from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.providers import ProviderName
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from providers.google.provider import GoogleProvider
from providers.limits import Limits, Rate
from providers.vendor import VendorApi


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CALENDAR_SYNC_{name.upper()}", raising=False)


def test_the_defaults_are_the_vendors_documented_limits() -> None:
    settings = Settings()

    assert vendor_apis.google(settings).limits == Limits(
        project=Rate(10_000, seconds=60), account=Rate(600, seconds=60)
    )
    assert vendor_apis.microsoft(settings).limits == Limits(
        project=Rate(2_000, seconds=1), account=Rate(10_000, seconds=600), concurrent=4
    )
    assert vendor_apis.zoom(settings).limits == Limits(
        account=Rate(20, seconds=1), labels={"light": Rate(30, seconds=1)}
    )


def test_the_operator_can_set_each_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        "GOOGLE_REQUESTS_PER_MINUTE",
        "GOOGLE_REQUESTS_PER_MINUTE_PER_USER",
        "MICROSOFT_REQUESTS_PER_SECOND",
        "MICROSOFT_REQUESTS_PER_10_MINUTES_PER_MAILBOX",
        "MICROSOFT_CONCURRENT_REQUESTS_PER_MAILBOX",
        "ZOOM_LIGHT_REQUESTS_PER_SECOND",
        "ZOOM_MEDIUM_REQUESTS_PER_SECOND",
    )
    for number, name in enumerate(names, 1):
        monkeypatch.setenv(f"CALENDAR_SYNC_{name}", str(number))
    settings = Settings()

    assert vendor_apis.google(settings).limits == Limits(project=Rate(1, seconds=60), account=Rate(2, seconds=60))
    assert vendor_apis.microsoft(settings).limits == Limits(
        project=Rate(3, seconds=1), account=Rate(4, seconds=600), concurrent=5
    )
    assert vendor_apis.zoom(settings).limits == Limits(account=Rate(7, seconds=1), labels={"light": Rate(6, seconds=1)})


async def test_the_server_keeps_to_them_and_its_providers_wait_without_a_slot(sqlite_url: str) -> None:
    settings = Settings(database_url=sqlite_url, google_requests_per_minute=7)
    async with open_services(settings) as services:
        slots = services.worker.slots
        google = services.worker.runs.providers[ProviderName.GOOGLE_CALENDAR]

        assert isinstance(google, GoogleProvider)
        assert google._transport.budgets.limits == vendor_apis.google(settings).limits
        assert google._transport.time.away == slots.away


@pytest.mark.parametrize(
    ("name", "api"),
    [
        ("google_api_url", vendor_apis.google),
        ("microsoft_api_url", vendor_apis.microsoft),
        ("zoom_api_url", vendor_apis.zoom),
    ],
)
def test_an_address_that_would_send_tokens_in_the_clear_is_refused_by_the_name_of_its_setting(
    name: str, api: Callable[[Settings], VendorApi]
) -> None:
    settings = Settings.model_validate({name: "http://api.example.com/v1"})

    with pytest.raises(Invalid, match=f"CALENDAR_SYNC_{name.upper()}: .* must begin with https://"):
        api(settings)
