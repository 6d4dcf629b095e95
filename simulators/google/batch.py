"""Several calls in one request: `POST /batch/calendar/v3`, `multipart/mixed` there and back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import Message as Part
from email.parser import BytesParser
from http import HTTPStatus
from secrets import token_hex
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Scope

from simulators.google.errors import ApiError

_MOST_CALLS = 1000
_OF_EACH_CALL = {b"content-type", b"content-length", b"transfer-encoding"}
"""Header fields of the outer request that are not inherited."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`call` answers one request."""

    call: Callable[[Request], Awaitable[Response]]

    def routes(self) -> list[Route]:
        return [Route("/batch/calendar/v3", self._batch, methods=["POST"])]

    async def _batch(self, request: Request) -> Response:
        head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n"
        parsed = BytesParser().parsebytes(head.encode() + await request.body())
        parts = [part for part in parsed.walk() if part.get_content_type() == "application/http"]
        if not 0 < len(parts) <= _MOST_CALLS:
            error = ApiError(400, "badRequest", "The batch request could not be processed.")
            return JSONResponse(error.body(), 400)
        boundary = f"batch_{token_hex(8)}"
        answers = [_written(part, await self.call(_request(part, request.scope))) for part in parts]
        body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), answer) for answer in answers)
        return Response(
            body + b"--%s--\r\n" % boundary.encode(), headers={"content-type": f"multipart/mixed; boundary={boundary}"}
        )


def _request(part: Part, outer: Scope) -> Request:
    """The call that a part holds; what its header does not say the outer one does."""
    payload = part.get_payload(decode=True)
    line, _, rest = (payload if isinstance(payload, bytes) else b"").lstrip().partition(b"\n")
    method, target, *_ = [*line.decode("ascii", "replace").split(), "", ""]
    inner = BytesParser().parsebytes(rest)
    content = inner.get_payload(decode=True)
    own = [(name.lower().encode(), value.encode()) for name, value in inner.items()]
    names = {name for name, _ in own} | _OF_EACH_CALL
    path, _, query = target.partition("?")
    asked: dict[str, Any] = {
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [*own, *((name, value) for name, value in outer["headers"] if name not in names)],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": content if isinstance(content, bytes) else b"", "more_body": False}

    inherited = {name: value for name, value in outer.items() if name not in {"app", "router", "root_path"}}
    return Request(inherited | asked, receive)


def _written(part: Part, answer: Response) -> bytes:
    content_id = part.get("Content-ID")
    named = f"Content-ID: <response-{content_id.strip('<>')}>\r\n" if content_id else ""
    status = f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}\r\n"
    headers = "".join(f"{name.title()}: {value}\r\n" for name, value in answer.headers.items())
    return f"Content-Type: application/http\r\n{named}\r\n{status}{headers}\r\n".encode() + bytes(answer.body)
