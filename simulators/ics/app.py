"""The feeds as a web application, with a control interface beside them.

GET    /feeds/{name}.ics                       the feed
GET    /hops/{count}/feeds/{name}.ics          the feed after so many redirects
GET    /_control/feeds                         the addresses of all feeds
PUT    /_control/feeds/{name}                  make a feed, or empty it; body: its properties (`{"NAME": "Team"}`)
DELETE /_control/feeds/{name}
PUT    /_control/feeds/{name}/events/{uid}     body: `summary`, `start`, `end` (ISO 8601), `zone`, `more`; or `lines`
DELETE /_control/feeds/{name}/events/{uid}
PATCH  /_control/feeds/{name}/oddities         body: any of `Oddities`
PUT    /_control/feeds/{name}/fault            body: a `Fault`; DELETE lifts it
GET    /_control/requests                      what the feeds were asked for; DELETE forgets it
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.ics.answers import answer
from simulators.ics.feeds import Feed

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a feed, and the status it got."""

    method: str
    path: str
    headers: dict[str, str]
    status: int


class IcsSimulator:
    """The feeds and what they were asked for. `app` serves them; see `simulators.server`."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed] = {}
        self.requests: list[Asked] = []
        self.app = Starlette(routes=self._routes())

    def feed(self, name: str, **properties: str) -> Feed:
        """The feed of that name; made when it is first named."""
        feed = self.feeds.setdefault(name, Feed(name))
        feed.properties.update({key.replace("_", "-").upper(): value for key, value in properties.items()})
        return feed

    def _routes(self) -> list[Route]:
        feed, control = "/feeds/{name}.ics", "/_control/feeds"
        return [
            Route(feed, self._serve),
            Route("/hops/{count:int}" + feed, self._hop),
            Route(control, self._list),
            Route(control + "/{name}", self._make, methods=["PUT"]),
            Route(control + "/{name}", self._drop, methods=["DELETE"]),
            Route(control + "/{name}/events/{uid:path}", self._put, methods=["PUT"]),
            Route(control + "/{name}/events/{uid:path}", self._remove, methods=["DELETE"]),
            Route(control + "/{name}/oddities", self._change_oddities, methods=["PATCH"]),
            Route(control + "/{name}/fault", self._fail, methods=["PUT"]),
            Route(control + "/{name}/fault", self._mend, methods=["DELETE"]),
            Route("/_control/requests", self._tell_requests, methods=["GET"]),
            Route("/_control/requests", self._forget_requests, methods=["DELETE"]),
        ]

    async def _serve(self, request: Request) -> Response:
        feed = self.feeds.get(request.path_params["name"])
        response = Response(status_code=404) if feed is None else answer(feed, request)
        self._log(request, response)
        return response

    async def _hop(self, request: Request) -> Response:
        count, name = request.path_params["count"], request.path_params["name"]
        path = f"/feeds/{name}.ics" if count <= 1 else f"/hops/{count - 1}/feeds/{name}.ics"
        response = RedirectResponse(path, status_code=302)
        self._log(request, response)
        return response

    def _log(self, request: Request, response: Response) -> None:
        asked = Asked(request.method, request.url.path, dict(request.headers), response.status_code)
        self.requests.append(asked)

    async def _list(self, request: Request) -> Response:
        return JSONResponse({name: str(request.url_for("_serve", name=name)) for name in self.feeds})

    async def _make(self, request: Request) -> Response:
        name = request.path_params["name"]
        self.feeds[name] = Feed(name, {key: str(value) for key, value in (await _json(request)).items()})
        return Response(status_code=204)

    async def _drop(self, request: Request) -> Response:
        del self.feeds[self._named(request).name]
        return Response(status_code=204)

    async def _put(self, request: Request) -> Response:
        feed, event = self._named(request), await _json(request)
        uid = request.path_params["uid"]
        if "lines" in event:
            feed.put_lines(uid, event["lines"])
        else:
            feed.put(uid, **_event(event))
        return Response(status_code=204)

    async def _remove(self, request: Request) -> Response:
        feed, uid = self._named(request), request.path_params["uid"]
        if uid not in feed.events:
            raise HTTPException(404)
        feed.remove(uid)
        return Response(status_code=204)

    async def _change_oddities(self, request: Request) -> Response:
        feed = self._named(request)
        return await _told(lambda values: feed.oddities.change(**values), request)

    async def _fail(self, request: Request) -> Response:
        feed = self._named(request)
        return await _told(lambda values: feed.fail(**values), request)

    async def _mend(self, request: Request) -> Response:
        self._named(request).mend()
        return Response(status_code=204)

    async def _tell_requests(self, request: Request) -> Response:
        return JSONResponse(
            [{"method": a.method, "path": a.path, "headers": a.headers, "status": a.status} for a in self.requests]
        )

    async def _forget_requests(self, request: Request) -> Response:
        self.requests.clear()
        return Response(status_code=204)

    def _named(self, request: Request) -> Feed:
        feed = self.feeds.get(request.path_params["name"])
        if feed is None:
            raise HTTPException(404)
        return feed


async def _json(request: Request) -> Json:
    body = await request.json() if await request.body() else {}
    if not isinstance(body, dict):
        raise HTTPException(400, "The body must be a JSON object.")
    return body


async def _told(change: Callable[[Json], None], request: Request) -> Response:
    try:
        change(await _json(request))
    except (TypeError, ValueError) as err:
        raise HTTPException(400, str(err)) from err
    return Response(status_code=204)


def _event(given: Json) -> Json:
    zone = ZoneInfo(given["zone"]) if "zone" in given else None
    event = {key: given[key] for key in ("summary", "more") if key in given}
    return event | {key: _moment(given[key], zone) for key in ("start", "end") if key in given}


def _moment(text: str, zone: ZoneInfo | None) -> datetime | date:
    if len(text) == len("2026-06-01"):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    return moment if zone is None else moment.replace(tzinfo=zone)
