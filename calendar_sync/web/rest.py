"""All that is served over plain HTTP, for the app to assemble: routes, middleware and what answers errors."""

from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from calendar_sync.push_addresses import WEBHOOKS_PATH
from calendar_sync.settings import Settings
from calendar_sync.web import (
    auto_join_routes,
    connections_routes,
    events_routes,
    export_routes,
    health,
    oauth_routes,
    org_connections_routes,
    sync_routes,
    webhook_routes,
)
from calendar_sync.web.authentication import Admission
from calendar_sync.web.body_guard import BodyGuard
from calendar_sync.web.errors import exception_handlers
from calendar_sync.web.operations import routes_of
from calendar_sync.web.pages import routes_of_pages
from calendar_sync.web.security_headers import SecurityHeaders
from calendar_sync.web.trace import Trace

__all__ = ["OPERATIONS", "exception_handlers", "middleware", "routes"]

_MOST_BYTES_AT = {"/graphql": 256 * 1024, WEBHOOKS_PATH: 256 * 1024}

OPERATIONS = (
    *sync_routes.OPERATIONS,
    *connections_routes.OPERATIONS,
    *oauth_routes.OPERATIONS,
    *org_connections_routes.OPERATIONS,
    *webhook_routes.OPERATIONS,
    *events_routes.OPERATIONS,
    *auto_join_routes.OPERATIONS,
    *health.OPERATIONS,
)


def routes() -> list[BaseRoute]:
    return [*routes_of(OPERATIONS), *export_routes.routes(), *routes_of_pages(OPERATIONS)]


def middleware(settings: Settings) -> list[Middleware]:
    """The outermost first. Handlers of every door find their doorkeeper in `request.state`, complete bodies, and no
    need to catch anything."""
    return [
        Middleware(SecurityHeaders),
        Middleware(Trace),
        Middleware(Admission, requests_per_minute=settings.rate_limit_per_minute),
        Middleware(BodyGuard, most_bytes_at=_MOST_BYTES_AT),
    ]
