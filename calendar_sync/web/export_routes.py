"""`/calendars/{secret}.ics`: a user's calendars as a feed, for any calendar program.

It needs no credentials, for such programs have none: the secret in the address stands for them.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from starlette.concurrency import iterate_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from calendar_sync.domain.errors import NotFound, TooManyRequests
from calendar_sync.domain.export_feeds import ExportFeed
from calendar_sync.export.service import PATH, FeedVersion
from calendar_sync.web.authentication import Doorkeeper, services_of

_TYPE = "text/calendar; charset=utf-8"
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_FRESH = "private, no-cache"
"""Nobody but the reader may keep it, and they have to ask whether it still holds."""


async def read_feed(request: Request) -> Response:
    """GET and HEAD; 304 where the reader has it."""
    exports, doorkeeper = services_of(request).exports, _doorkeeper(request)
    try:
        feed = await exports.by_secret(request.path_params["secret"])
    except NotFound:
        doorkeeper.count_failure(request)
        raise
    allowance = request.state.allowance = doorkeeper.count_reading(feed.id)
    if not allowance.is_granted:
        raise TooManyRequests("This calendar is read too often; please slow down.", retry_after=allowance.retry_after)
    is_asked_for = request.method != "HEAD"
    version, text = await exports.read(feed, lambda found: not is_asked_for or _has(request.headers, found))
    headers = _headers(feed, version)
    if _has(request.headers, version):
        return Response(status_code=304, headers=headers)
    if text is None:
        return _without_body(headers)
    headers["content-length"] = str(text.length)
    return StreamingResponse(iterate_in_threadpool(text.pieces()), headers=headers)


def _doorkeeper(request: Request) -> Doorkeeper:
    doorkeeper: Doorkeeper = request.state.doorkeeper
    return doorkeeper


def _headers(feed: ExportFeed, version: FeedVersion) -> dict[str, str]:
    headers = {
        "content-type": _TYPE,
        "content-disposition": f"inline; filename=\"calendar.ics\"; filename*=UTF-8''{quote(feed.name, safe='')}.ics",
        "cache-control": _FRESH,
        "etag": f'"{version.tag}"',
    }
    if version.modified_at is not None:
        headers["last-modified"] = format_datetime(version.modified_at.astimezone(UTC), usegmt=True)
    return headers


def _has(headers: Headers, version: FeedVersion) -> bool:
    """Whether the reader says that they have this version (RFC 9110 §13.2.2). A tag counts more than a time."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or version.tag in _TAG.findall(tags)
    since = _moment(headers.get("if-modified-since", ""))
    return since is not None and version.modified_at is not None and version.modified_at.replace(microsecond=0) <= since


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _without_body(headers: dict[str, str]) -> Response:
    response = Response(headers=headers)
    del response.headers["content-length"]
    return response


def routes() -> list[BaseRoute]:
    return [Route(PATH, read_feed, methods=["GET"])]
