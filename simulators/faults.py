"""What goes wrong once, or some times, and passes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope, Send

from simulators.server import abort

Refusal = Callable[[str, int | None], Response]
"""The answer with which a vendor refuses, by the name of its error and a status. Raises `ValueError` for no name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong for the next `times` requests that it is meant for.

    Those have the `method`, a path that starts with `path`, a query that contains `query`, and come from `account`;
    what is empty does not matter. Without `reason` and `status` the request is carried out and its answer spoilt.
    """

    method: str = ""
    path: str = ""
    query: str = ""
    account: str = ""
    times: int = 1
    skip: int = 0
    """How many such requests pass unharmed before."""

    reason: str | None = None
    """Refuse with the vendor's own error of this name, and with `status` where it comes in several."""
    status: int | None = None
    """Refuse with this status and `body`."""
    body: str = ""
    content_type: str = "text/html; charset=UTF-8"
    retry_after: str | None = None
    """The Retry-After field, as it is: seconds, a date, or nonsense."""

    delay: float = 0
    """Seconds of silence before the answer."""
    drip: float = 0
    """The body comes in twenty pieces, so many seconds apart."""
    half: bool = False
    """Half of the body, as if it were all."""
    cut_after: int | None = None
    """The connection is reset after so many bytes of the body that was announced."""
    drop: bool = False
    """The connection is reset instead of the answer."""

    def matches(self, request: Request, account: str) -> bool:
        return (
            self.method in {"", request.method}
            and request.scope["path"].startswith(self.path)
            and self.query in request.url.query
            and self.account in {"", account}
        )

    def refusal(self, named: Refusal) -> Response | None:
        """What is answered without doing anything, if this fault is of that kind."""
        if self.reason is not None:
            response = named(self.reason, self.status)
        elif self.status is not None:
            response = Response(self.body, self.status, media_type=self.content_type)
        else:
            return None
        if self.retry_after is not None:
            response.headers["retry-after"] = self.retry_after
        return response


@dataclass(slots=True)
class Faults:
    """`named` knows the vendor's errors."""

    named: Refusal
    planned: list[Fault] = field(default_factory=list)

    def plan(self, fault: Fault) -> None:
        """Raises `ValueError` where the fault's `reason` is unknown."""
        if fault.reason is not None:
            self.named(fault.reason, fault.status)
        self.planned.append(fault)

    def clear(self) -> None:
        self.planned.clear()

    def take(self, request: Request, account: str) -> Fault | None:
        """The fault that befalls this request, if any."""
        for index, fault in enumerate(self.planned):
            if not fault.matches(request, account):
                continue
            if fault.skip:
                self.planned[index] = replace(fault, skip=fault.skip - 1)
                return None
            self.planned[index : index + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
            return fault
        return None


async def send_spoilt(answer: Response, fault: Fault, scope: Scope, send: Send) -> None:
    """Send an answer as far as a fault lets it come through."""
    if fault.drop:
        abort(scope)
        return
    body = bytes(answer.body)
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    for piece in _pieces(body, fault):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        if fault.drip or fault.cut_after is not None:
            await asyncio.sleep(fault.drip or 0.01)  # so that the server writes what it has
    if fault.cut_after is None:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    else:
        abort(scope)


def _pieces(body: bytes, fault: Fault) -> list[bytes]:
    if fault.cut_after is not None:
        return [body[: fault.cut_after]]
    size = max(1, len(body) // 20 if fault.drip else len(body))
    return [body[at : at + size] for at in range(0, len(body), size)]


def halved(answer: Response) -> Response:
    """An answer with half of its body, as if that were all."""
    body = bytes(answer.body)[: len(answer.body) // 2]
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(body, answer.status_code, headers)
