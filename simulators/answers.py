"""Answers kept whole, as they must be to be logged, spoilt, compressed or put into a batch."""

import gzip

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message


async def answer_of(app: ASGIApp, request: Request) -> Response:
    """What an application answers to a request."""
    body = await request.body()
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def keep(message: Message) -> None:
        sent.append(message)

    await app(request.scope, receive, keep)
    response = Response(b"".join(message.get("body", b"") for message in sent), sent[0]["status"])
    response.raw_headers = list(sent[0]["headers"])
    return response


def compressed(request: Request, response: Response) -> Response:
    """The answer in gzip, if the client takes that."""
    if not (response.body and "gzip" in request.headers.get("accept-encoding", "")):
        return response
    kept = {name: value for name, value in response.headers.items() if name != "content-length"}
    headers = kept | {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    return Response(gzip.compress(bytes(response.body), 1), response.status_code, headers)
