"""Several calls in one request: `POST /v1.0/$batch`, JSON there and back."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Scope

from simulators.microsoft.authority import Authority
from simulators.microsoft.errors import GraphError, bad_request, invalid_token
from simulators.microsoft.times import JsonObject
from simulators.vendor import bearer

_MOST_CALLS = 20
_AT_A_TIME = 4
"""Outlook runs so many of one batch side by side."""
_INHERITED = (b"authorization", b"host", b"user-agent")


@dataclass(frozen=True, slots=True)
class Batch:
    """`call` answers one request."""

    authority: Authority
    call: Callable[[Request], Awaitable[Response]]

    def routes(self) -> list[Route]:
        return [Route("/v1.0/$batch", self._batch, methods=["POST"])]

    async def _batch(self, request: Request) -> Response:
        try:
            if self.authority.authenticate(bearer(request)) is None:
                raise invalid_token()
            members = _members(await request.body())
        except GraphError as err:
            return JSONResponse(err.body(), err.status, err.headers)
        return JSONResponse({"responses": await self._answers(members, request.scope)})

    async def _answers(self, members: list[JsonObject], outer: Scope) -> list[JsonObject]:
        """In the order in which they are done; one that depends on another waits for it."""
        answers: list[JsonObject] = []
        done = {member["id"]: asyncio.get_running_loop().create_future() for member in members}
        gate = asyncio.Semaphore(_AT_A_TIME)

        async def run(member: JsonObject) -> None:
            needed = [await done[each] for each in member.get("dependsOn", []) if each in done]
            if any(status >= 400 for status in needed):
                error = GraphError(424, "FailedDependency", "A request this one depends on has failed.")
                answer = {"status": 424, "headers": {}, "body": error.body()}
            else:
                async with gate:
                    answer = _written(await self.call(_request(member, outer)))
            answers.append({"id": member["id"], **answer})
            done[member["id"]].set_result(answer["status"])

        await asyncio.gather(*map(run, members))
        return answers


def _members(body: bytes) -> list[JsonObject]:
    """Raises `GraphError`."""
    try:
        members = json.loads(body)["requests"]
        known: set[str] = set()
        for member in members:
            if not isinstance(member["method"], str) or not isinstance(member["url"], str):
                raise bad_request("Invalid batch payload format.")
            if member["id"] in known or not known.issuperset(member.get("dependsOn", [])):
                raise bad_request("Request Id has to be unique in a batch, and to come before those that depend on it.")
            known.add(member["id"])
    except (ValueError, KeyError, TypeError) as err:
        raise bad_request("Invalid batch payload format.") from err
    if not members or len(members) > _MOST_CALLS:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {_MOST_CALLS}.")
    return list(members)


def _request(member: JsonObject, outer: Scope) -> Request:
    path, _, query = member["url"].lstrip("/").partition("?")
    content = json.dumps(member["body"]).encode() if "body" in member else b""
    own = [(name.lower().encode(), str(value).encode()) for name, value in (member.get("headers") or {}).items()]
    asked: dict[str, Any] = {
        "method": member["method"].upper(),
        "path": f"/v1.0/{unquote(path)}",
        "raw_path": f"/v1.0/{path}".encode(),
        "query_string": query.encode(),
        "headers": [*own, *((name, value) for name, value in outer["headers"] if name in _INHERITED)],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    inherited = {
        name: value for name, value in outer.items() if name not in {"app", "router", "root_path", "path_params"}
    }
    return Request(inherited | asked, receive)


def _written(answer: Response) -> JsonObject:
    kept = {name.title(): value for name, value in answer.headers.items() if name != "content-length"}
    written: JsonObject = {"status": answer.status_code, "headers": kept}
    if not answer.body:
        return written
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return written | {"body": json.loads(bytes(answer.body)) if is_json else bytes(answer.body).decode()}
