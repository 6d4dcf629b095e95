"""Where each vendor's API is and what the vendor allows, from the settings.

All raise `Invalid`, which names the setting, for an address that would send tokens in the clear.
"""

from calendar_sync.domain.errors import Invalid
from calendar_sync.settings import Settings
from providers.limits import Limits, Rate
from providers.vendor import VendorApi
from providers.zoom.session import LIGHT


def google(settings: Settings) -> VendorApi:
    """https://developers.google.com/workspace/calendar/api/guides/quota"""
    limits = Limits(
        project=Rate(settings.google_requests_per_minute, seconds=60),
        account=Rate(settings.google_requests_per_minute_per_user, seconds=60),
    )
    return _checked("google_api_url", VendorApi(str(settings.google_api_url), limits))


def microsoft(settings: Settings) -> VendorApi:
    """https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits"""
    limits = Limits(
        project=Rate(settings.microsoft_requests_per_second, seconds=1),
        account=Rate(settings.microsoft_requests_per_10_minutes_per_mailbox, seconds=600),
        concurrent=settings.microsoft_concurrent_requests_per_mailbox,
    )
    return _checked("microsoft_api_url", VendorApi(str(settings.microsoft_api_url), limits))


def zoom(settings: Settings) -> VendorApi:
    """https://developers.zoom.us/docs/api/rate-limits/ - what is not labelled counts as "medium", the stricter one."""
    limits = Limits(
        account=Rate(settings.zoom_medium_requests_per_second, seconds=1),
        labels={LIGHT: Rate(settings.zoom_light_requests_per_second, seconds=1)},
    )
    return _checked("zoom_api_url", VendorApi(str(settings.zoom_api_url), limits))


def _checked(field: str, api: VendorApi) -> VendorApi:
    try:
        api.check()
    except ValueError as err:
        raise Invalid(f"CALENDAR_SYNC_{field.upper()}: {err}", field=field) from err
    return api
