"""What a feed's address answers: the feed with its validators, or the fault that is set on it."""

import gzip
import zlib
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response

from simulators.ics.faults import faulty
from simulators.ics.feeds import Feed
from simulators.ics.writing import written


def answer(feed: Feed, request: Request) -> Response:
    """The answer to one GET. Counts what was served."""
    fault = feed.next_fault()
    feed.served += 1
    if fault is not None:
        return faulty(fault, written(feed))
    wanted = feed.oddities.user_agent_required
    if wanted is not None and wanted not in request.headers.get("user-agent", ""):
        return Response(status_code=500)
    validators = _validators(feed)
    if feed.oddities.answers_304 and _is_known(validators, request):
        return Response(status_code=304, headers=validators | _caching(feed))
    return _whole(feed, validators, request)


def _whole(feed: Feed, validators: dict[str, str], request: Request) -> Response:
    body = written(feed)
    headers = validators | _caching(feed)
    if feed.oddities.content_type is not None:
        headers["content-type"] = feed.oddities.content_type
    coding = feed.oddities.coding
    if coding != "identity" and coding in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = coding
        body = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    return Response(body, headers=headers)


def _validators(feed: Feed) -> dict[str, str]:
    etag = {"etag": f'"r{feed.revision}"'}
    modified = {"last-modified": format_datetime(feed.modified, usegmt=True)}
    match feed.oddities.validators:
        case "both":
            return etag | modified
        case "etag":
            return etag
        case "last-modified":
            return modified
        case "new every time":
            return {"etag": f'"n{feed.served}"'}
        case "none":
            return {}


def _is_known(validators: dict[str, str], request: Request) -> bool:
    """RFC 9110 §13.2.2: If-None-Match goes before If-Modified-Since."""
    if "if-none-match" in request.headers:
        return request.headers["if-none-match"] == validators.get("etag")
    since = request.headers.get("if-modified-since")
    return since is not None and since == validators.get("last-modified")


def _caching(feed: Feed) -> dict[str, str]:
    return {} if feed.oddities.cache_control is None else {"cache-control": feed.oddities.cache_control}
