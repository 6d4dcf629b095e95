"""What each vendor allows, from the settings."""

from calendar_sync.settings import Settings
from providers.limits import Limits, Rate
from providers.zoom.session import LIGHT


def google(settings: Settings) -> Limits:
    """https://developers.google.com/workspace/calendar/api/guides/quota"""
    return Limits(
        project=Rate(settings.google_requests_per_minute, seconds=60),
        account=Rate(settings.google_requests_per_minute_per_user, seconds=60),
    )


def microsoft(settings: Settings) -> Limits:
    """https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits"""
    return Limits(
        project=Rate(settings.microsoft_requests_per_second, seconds=1),
        account=Rate(settings.microsoft_requests_per_10_minutes_per_mailbox, seconds=600),
        concurrent=settings.microsoft_concurrent_requests_per_mailbox,
    )


def zoom(settings: Settings) -> Limits:
    """https://developers.zoom.us/docs/api/rate-limits/ - what is not labelled counts as "medium", the stricter one."""
    return Limits(
        account=Rate(settings.zoom_medium_requests_per_second, seconds=1),
        labels={LIGHT: Rate(settings.zoom_light_requests_per_second, seconds=1)},
    )
