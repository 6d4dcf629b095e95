"""Serves the files that pages load, so that a browser keeps each version of a file and asks for none of them twice."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
PATH = "/static"

_KEPT = "public, max-age=31536000, immutable"
_ASKED_AGAIN = "no-cache"


class Assets(StaticFiles):
    """To be mounted at `PATH`. An address that carries the file's own hash (`asset_url`) never changes its meaning."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        version = QueryParams(scope["query_string"]).get("v")
        is_this = version is not None and response.status_code in {200, 304} and version == version_of(path)
        response.headers["cache-control"] = _KEPT if is_this else _ASKED_AGAIN
        return response


def asset_url(name: str) -> str:
    """The address of a file in `static`, with its hash. Raises `FileNotFoundError`."""
    return f"{PATH}/{name}?v={version_of(name)}"


def version_of(name: str) -> str:
    """Raises `FileNotFoundError`."""
    path = STATIC / name
    return _hash(path, path.stat().st_mtime_ns)


@cache
def _hash(path: Path, _modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
