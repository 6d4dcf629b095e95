"""Where each vendor's API is and what the vendor allows, from the settings.

All raise `Invalid`, which names the setting, for an address that would send tokens in the clear. With `reservations`
the limits are for all processes that make theirs there together; without, each process has them to itself.
"""

from collections.abc import Mapping

from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.providers import ProviderName
from calendar_sync.settings import Settings
from providers.limits import Limits, MakeBudget, Rate, of_this_process
from providers.shared_budgets import Reservations, Sharing
from providers.vendor import VendorApi
from providers.zoom.session import LIGHT


def google(settings: Settings, reservations: Reservations | None = None) -> VendorApi:
    """https://developers.google.com/workspace/calendar/api/guides/quota"""
    limits = Limits(
        project=Rate(settings.google_requests_per_minute, seconds=60),
        account=Rate(settings.google_requests_per_minute_per_user, seconds=60),
    )
    return _checked(
        "google_api_url",
        VendorApi(str(settings.google_api_url), limits, _kept(ProviderName.GOOGLE_CALENDAR, reservations)),
    )


def microsoft(settings: Settings, reservations: Reservations | None = None) -> VendorApi:
    """https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits"""
    limits = Limits(
        project=Rate(settings.microsoft_requests_per_second, seconds=1),
        account=Rate(settings.microsoft_requests_per_10_minutes_per_mailbox, seconds=600),
        concurrent=settings.microsoft_concurrent_requests_per_mailbox,
    )
    return _checked(
        "microsoft_api_url",
        VendorApi(str(settings.microsoft_api_url), limits, _kept(ProviderName.OUTLOOK_CALENDAR, reservations)),
    )


def zoom(settings: Settings, reservations: Reservations | None = None) -> VendorApi:
    """https://developers.zoom.us/docs/api/rate-limits/ - what is not labelled counts as "medium", the stricter one."""
    limits = Limits(
        account=Rate(settings.zoom_medium_requests_per_second, seconds=1),
        labels={LIGHT: Rate(settings.zoom_light_requests_per_second, seconds=1)},
    )
    return _checked(
        "zoom_api_url", VendorApi(str(settings.zoom_api_url), limits, _kept(ProviderName.ZOOM, reservations))
    )


MOST_RUNS = 4
"""Over one account at a time, where its vendor names no number. A run sends one request after the other."""


def most_runs(settings: Settings) -> Mapping[ProviderName, int]:
    """How many runs over one account may be under way at a time, in all processes together."""
    named = {ProviderName.OUTLOOK_CALENDAR: settings.microsoft_concurrent_requests_per_mailbox}
    return dict.fromkeys(ProviderName, MOST_RUNS) | named


def _kept(name: ProviderName, reservations: Reservations | None) -> MakeBudget:
    return of_this_process if reservations is None else Sharing(name, reservations)


def _checked(field: str, api: VendorApi) -> VendorApi:
    try:
        api.check()
    except ValueError as err:
        raise Invalid(f"CALENDAR_SYNC_{field.upper()}: {err}", field=field) from err
    return api
