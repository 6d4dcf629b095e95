"""Vendors' limits are settings, and what they document is the default."""

import pytest

from calendar_sync import vendor_limits
from calendar_sync.settings import Settings
from providers.limits import Limits, Rate


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CALENDAR_SYNC_{name.upper()}", raising=False)


def test_the_defaults_are_the_vendors_documented_limits() -> None:
    settings = Settings()

    assert vendor_limits.google(settings) == Limits(project=Rate(10_000, seconds=60), account=Rate(600, seconds=60))
    assert vendor_limits.microsoft(settings) == Limits(
        project=Rate(2_000, seconds=1), account=Rate(10_000, seconds=600), concurrent=4
    )
    assert vendor_limits.zoom(settings) == Limits(account=Rate(20, seconds=1), labels={"light": Rate(30, seconds=1)})


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

    assert vendor_limits.google(settings) == Limits(project=Rate(1, seconds=60), account=Rate(2, seconds=60))
    assert vendor_limits.microsoft(settings) == Limits(
        project=Rate(3, seconds=1), account=Rate(4, seconds=600), concurrent=5
    )
    assert vendor_limits.zoom(settings) == Limits(account=Rate(7, seconds=1), labels={"light": Rate(6, seconds=1)})
