"""`/docs` and `/openapi.json`: the REST API described, for people and for machines, from this host alone."""

import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from calendar_sync.web.assets import PATH, Assets
from calendar_sync.web.openapi import describe
from calendar_sync.web.operations import Operation

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Swagger UI sets style attributes
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_DOCS = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>calendar-sync: REST API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/vendor/swagger-ui/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<noscript>This page needs JavaScript. The same as JSON: <a href="/openapi.json">openapi.json</a></noscript>
<script src="/static/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/static/docs.js"></script>
</body>
</html>
"""


def routes_of_pages(operations: Sequence[Operation]) -> list[BaseRoute]:
    document = json.dumps(describe(operations)).encode()

    async def openapi(_: Request) -> Response:
        return Response(document, media_type="application/json")

    return [
        Route("/openapi.json", openapi),
        Route("/docs", docs),
        Mount(PATH, Assets(), name="static"),
    ]


async def docs(_: Request) -> Response:
    return HTMLResponse(_DOCS, headers={"content-security-policy": _POLICY})
