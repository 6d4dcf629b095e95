"""What clients asked for."""

from dataclasses import dataclass

from starlette.requests import Request


@dataclass(slots=True)
class LoggedRequest:
    """A request as it came in, and the status it was answered with; `None` until there is an answer.

    `path` is decoded, `query` is not; `account` is the address the access token belongs to, if it is valid.
    """

    method: str
    path: str
    query: str
    account: str
    headers: dict[str, str]
    body: str
    status: int | None = None


async def logged(request: Request, account: str) -> LoggedRequest:
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    body = (await request.body()).decode("utf-8", "replace")
    return LoggedRequest(request.method, request.scope["path"], request.url.query, account, headers, body)
