"""What clients asked for."""

from dataclasses import dataclass

from starlette.requests import Request


@dataclass(slots=True)
class LoggedRequest:
    """A request as it came in, and the status it was answered with.

    `authorization` is the scheme alone; `status` is `None` until there is an answer.
    """

    method: str
    path: str
    host: str
    depth: str | None
    authorization: str | None
    body: str
    status: int | None = None


async def logged(request: Request, path: str) -> LoggedRequest:
    scheme = request.headers.get("authorization", "").partition(" ")[0] or None
    body = (await request.body()).decode("utf-8", "replace")
    host, depth = request.headers.get("host", ""), request.headers.get("depth")
    return LoggedRequest(request.method, path, host, depth, scheme, body)
