"""The page at `/graphql` in a browser: GraphiQL, with a field for the API key. All of it comes from this host."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from calendar_sync.web.assets import asset_url

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self' data:",  # GraphiQL's style sheet carries its fonts
        "img-src 'self' data:",
        "connect-src 'self'",  # its WebSockets too
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def graphiql(_: Request) -> Response:
    try:
        page = _template().render(asset=asset_url)
    except FileNotFoundError:
        return PlainTextResponse(
            "The assets of this page are not installed: run `.venv/bin/python -m frontend`.\n", 503
        )
    return HTMLResponse(page, headers={"content-security-policy": _POLICY, "vary": "Accept"})


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=select_autoescape()).get_template("graphiql.html")
