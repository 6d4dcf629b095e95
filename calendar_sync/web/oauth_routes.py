"""`GET /v1/meeting-buddy/calendar/oauth/callback`: where a provider sends the user back to, a browser or a program.

It needs no credentials, for a browser brings none: the state stands for the user who began. If there are some, they
must be that user's. There is no address to return to among its parameters, so it cannot be made to redirect anywhere.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from calendar_sync.connections.oauth import Callback
from calendar_sync.connections.service import ConnectionOverview
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import CalendarSyncError
from calendar_sync.oauth_clients import CALLBACK_PATH
from calendar_sync.web.assets import asset_url
from calendar_sync.web.authentication import actor_of, credentials_of, services_of
from calendar_sync.web.errors import INTERNAL, fault_of
from calendar_sync.web.operations import Operation, answer
from calendar_sync.web.shapes import CalendarConnection, CallbackQuery

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


async def callback(request: Request) -> Response:
    try:
        overview = await services_of(request).connections.complete(await _callback(request))
    except CalendarSyncError as error:
        if not _is_browser(request) or fault_of(error) is INTERNAL:
            raise
        return _refusal(request, error)
    if not _is_browser(request):
        return answer(CalendarConnection.of(overview))
    return _page(200, overview=overview)


async def _callback(request: Request) -> Callback:
    query = CallbackQuery.model_validate(dict(request.query_params))
    return Callback(query.state, query.code, query.error, query.iss, await _caller(request))


async def _caller(request: Request) -> Actor | None:
    shown = credentials_of(request.headers)
    return await actor_of(request) if shown.api_key or shown.bearer else None


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "").lower()


def _refusal(request: Request, error: CalendarSyncError) -> Response:
    fault = fault_of(error)
    request.state.error_code = fault.code
    page = _page(fault.status, message=fault.message)
    page.headers.update(fault.headers)
    return page


def _page(status: int, *, overview: ConnectionOverview | None = None, message: str = "") -> Response:
    connection = None if overview is None else overview.connection
    text = _template().render(connection=connection, message=message, style=asset_url("callback.css"))
    return HTMLResponse(text, status, headers={"content-security-policy": _POLICY})


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=select_autoescape()).get_template("callback.html")


OPERATIONS = (
    Operation(
        method="GET",
        path=CALLBACK_PATH,
        handler=callback,
        name="completeCalendarConnection",
        summary="Come back from a provider's consent page",
        description="What `authorization_url` leads back to. Connects the account that the user allowed, or connects "
        "it anew. A browser gets a page. A caller that shows credentials must be the user who began.",
        answers={200: CalendarConnection},
        errors={
            400: ["CONSENT_FAILED"],
            401: ["INVALID_API_KEY", "API_KEY_EXPIRED", "API_KEY_DEACTIVATED", "TOKEN_EXPIRED", "TOKEN_INVALID"],
            429: ["RATE_LIMIT_EXCEEDED"],
            502: ["PROVIDER_BAD_RESPONSE"],
            503: ["PROVIDER_UNAVAILABLE", "PROVIDER_RATE_LIMITED", "STORE_UNAVAILABLE"],
        },
        query=CallbackQuery,
        is_open=True,
    ),
)
