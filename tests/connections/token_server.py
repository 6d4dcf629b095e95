"""A small OAuth server that rotates refresh tokens, each of which serves once, unless it is told otherwise."""

import asyncio
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Answer = tuple[int, dict[str, Any], dict[str, str]]


@dataclass(frozen=True)
class Asked:
    """A request to the token endpoint: its form, and what its Basic authentication says."""

    form: Mapping[str, str]
    basic: str | None


@dataclass
class TokenServer:
    """`more` are further members of a grant. `answers` come before anything else, one a request.

    While `gate` is closed, requests are taken (`waiting` is set) and not answered.
    """

    more: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=lambda: {"id": "z-1", "email": "ada@example.com"})
    rotates: bool = True
    buries: bool = True
    """A refresh token that was replaced is dead. Zoom has it so; at Microsoft the old one serves on."""
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def app(self) -> Starlette:
        paths = ("/oauth/token", "/common/oauth2/v2.0/token")
        return Starlette(
            routes=[
                *(Route(path, self._token, methods=["POST"]) for path in paths),
                Route("/oauth/revoke", self._revoke, methods=["POST"]),
                *(Route(f"/v2/{path}", self._user) for path in ("users/me", "me", "users/me/calendarList/primary")),
            ]
        )

    def refuse(self, error: str, status: int = 400, **headers: str) -> None:
        """Answer the next request so."""
        self.answers.append((status, {"error": error, "reason": "Invalid Token!"}, headers))

    def refresh_token(self) -> str:
        """One that is good for one refresh."""
        token = f"refresh-{next(self._numbers)}"
        self.alive.add(token)
        return token

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        self.asked.append(Asked(form, b64decode(shown).decode() if scheme == "Basic" else None))
        self.waiting.set()
        await self.gate.wait()
        if self.answers:
            status, body, headers = self.answers.pop(0)
            return JSONResponse(body, status, headers)
        return self._granted(form)

    def _granted(self, form: Mapping[str, str]) -> Response:
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.alive:
                return JSONResponse({"reason": "Invalid Token!", "error": "invalid_grant"}, 400)
            if self.rotates and self.buries:
                self.alive.remove(form["refresh_token"])
        grant = {"access_token": f"access-{next(self._numbers)}", "token_type": "bearer", "expires_in": 3599}
        rotated = {"refresh_token": self.refresh_token()} if self.rotates else {}
        return JSONResponse({**grant, **rotated, **self.more})

    async def _revoke(self, request: Request) -> Response:
        self.revoked.append(dict(parse_qsl((await request.body()).decode()))["token"])
        return JSONResponse({"status": "success"})

    async def _user(self, request: Request) -> Response:
        assert request.headers["authorization"].startswith("Bearer access-")
        return JSONResponse(self.user)


def an_id_token(**claims: object) -> str:
    """Nobody looks at its signature."""
    head, body = (urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims))
    return f"{head}.{body}.x"
