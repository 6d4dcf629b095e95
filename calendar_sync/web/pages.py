"""`/docs` and `/openapi.json`: the REST API described, for people and for machines, from this host alone."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import orjson
from jinja2 import Environment, FileSystemLoader, Template, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from calendar_sync.web.assets import PATH, Assets, asset_url
from calendar_sync.web.openapi import describe
from calendar_sync.web.operations import Operation

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def routes_of_pages(operations: Sequence[Operation]) -> list[BaseRoute]:
    @cache
    def document() -> bytes:
        return orjson.dumps(describe(operations))

    async def openapi(_: Request) -> Response:
        return Response(document(), media_type="application/json")

    return [
        Route("/openapi.json", openapi),
        Route("/docs", docs),
        Mount(PATH, Assets(), name="static"),
    ]


async def docs(_: Request) -> Response:
    try:
        page = _template().render(asset=asset_url)
    except FileNotFoundError:
        return PlainTextResponse("The assets of this page are not installed: run `make install`.\n", 503)
    return HTMLResponse(page, headers={"content-security-policy": _POLICY})


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=select_autoescape()).get_template("docs.html")
