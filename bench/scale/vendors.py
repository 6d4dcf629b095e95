"""`python -m bench.scale.vendors N`: feeds and Google accounts that keep a journal, steered from outside.

The first line printed is `{"url": …}`, where it is steered:

=================  ===============================================================================
`GET accounts`     what a server is told to connect each: `[{"name", "provider", "hint"}]`
`GET settings`     where a server finds them, as settings of calendar-sync
`POST changes`     one change each in `{"count"}` accounts; answers `{"new", "updated", "removed"}`
`GET titles`       the titles in each account
`GET journal`      what the accounts were asked for; `DELETE` forgets it
`PUT latency`      answers take `[least, most]` seconds
=================  ===============================================================================
"""

import argparse
import asyncio
import json
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.google.app import GoogleSimulator
from simulators.google.calendars import Calendar
from simulators.ics.app import IcsSimulator
from simulators.ics.feeds import Feed
from simulators.journal import Journal
from simulators.server import serving

REDIRECT_URI = "http://calendar-sync.example/v1/meeting-buddy/calendar/oauth/callback"
"""Of a server that vendors cannot reach, so that it polls all of them."""
EVENTS = 6
"""In each account at first."""
_GOOGLE_EACH = 4
_KINDS = ("updated", "new", "removed", "new")
_START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)


class Kept(Protocol):
    """A calendar of one vendor or the other."""

    def put(self, uid: str, title: str, start: datetime) -> None: ...

    def remove(self, uid: str) -> None: ...


@dataclass(frozen=True, slots=True)
class IcsFeed:
    feed: Feed

    def put(self, uid: str, title: str, start: datetime) -> None:
        self.feed.put(uid, summary=title, start=start)

    def remove(self, uid: str) -> None:
        self.feed.remove(uid)


@dataclass(frozen=True, slots=True)
class GoogleCalendar:
    calendar: Calendar

    def put(self, uid: str, title: str, start: datetime) -> None:
        times = {
            "start": {"dateTime": start.isoformat()},
            "end": {"dateTime": (start + timedelta(hours=1)).isoformat()},
        }
        self.calendar.put({"id": uid, "summary": title, **times})

    def remove(self, uid: str) -> None:
        self.calendar.remove(uid)


@dataclass(slots=True)
class Simulated:
    """An account with one calendar. No event is changed twice, so that whoever counts must count each change."""

    name: str
    provider: str
    calendar: Kept
    titles: dict[str, str] = field(default_factory=dict)
    _changes: int = 0
    _untouched: list[str] = field(default_factory=list)

    def fill(self) -> None:
        for _ in range(EVENTS):
            self._untouched.append(self._add())

    def change(self) -> str:
        """Make the next change, and say which of the three it was."""
        kind = _KINDS[self._changes % len(_KINDS)] if self._untouched else "new"
        self._changes += 1
        if kind == "new":
            self._add()
            return kind
        uid = self._untouched.pop(0)
        if kind == "updated":
            self._put(uid, f"{self.titles[uid]}, renamed")
        else:
            self.calendar.remove(uid)
            del self.titles[uid]
        return kind

    def _add(self) -> str:
        uid = f"event{len(self.titles) + self._changes:04}"
        self._put(uid, f"{self.name} {uid}")
        return uid

    def _put(self, uid: str, title: str) -> None:
        self.calendar.put(uid, title, _START + timedelta(hours=int(uid.removeprefix("event"))))
        self.titles[uid] = title


class Vendors:
    """Every fourth account is at Google, where a run asks several times; the others are feeds."""

    def __init__(self, accounts: int) -> None:
        self.feeds, self.google, self.random = IcsSimulator(), GoogleSimulator(), Random(47)
        self.google.quirks.change(consent="grant")
        self.google.add_client("bench", "bench-secret", REDIRECT_URI)
        self.accounts = [self._account(number) for number in range(accounts)]
        self.journals = (
            Journal(self.feeds.app, _feed_of, self._wait),
            Journal(self.google, self._google_of, self._wait),
        )
        self.latency = (0.0, 0.0)
        self.addresses: Sequence[str] = ()
        for account in self.accounts:
            account.fill()

    def _account(self, number: int) -> Simulated:
        name = f"account{number:05}"
        if number % _GOOGLE_EACH:
            return Simulated(name, "ics", IcsFeed(self.feeds.feed(name)))
        primary = self.google.add_account(f"{name}@example.com").primary
        return Simulated(name, "google_calendar", GoogleCalendar(primary))

    def _wait(self) -> float:
        return self.random.uniform(*self.latency)

    def _google_of(self, request: Request) -> str:
        return self.google.account_of(request).partition("@")[0]

    def hint(self, account: Simulated) -> str:
        return (
            f"{account.name}@example.com"
            if account.provider != "ics"
            else f"{self.addresses[0]}/feeds/{account.name}.ics"
        )

    def routes(self) -> list[Route]:
        return [
            Route("/accounts", self._accounts),
            Route("/settings", self._settings),
            Route("/changes", self._change, methods=["POST"]),
            Route("/titles", self._titles),
            Route("/journal", self._journal, methods=["GET", "DELETE"]),
            Route("/latency", self._set_latency, methods=["PUT"]),
        ]

    async def _accounts(self, _: Request) -> Response:
        return JSONResponse(
            [{"name": each.name, "provider": each.provider, "hint": self.hint(each)} for each in self.accounts]
        )

    async def _settings(self, _: Request) -> Response:
        return JSONResponse(self.google.settings(self.addresses[1]))

    async def _change(self, request: Request) -> Response:
        count = min(int((await request.json())["count"]), len(self.accounts))
        made: Mapping[str, int] = Counter(account.change() for account in self.random.sample(self.accounts, count))
        return JSONResponse({kind: made.get(kind, 0) for kind in ("new", "updated", "removed")})

    async def _titles(self, _: Request) -> Response:
        return JSONResponse({each.name: sorted(each.titles.values()) for each in self.accounts})

    async def _journal(self, request: Request) -> Response:
        if request.method == "DELETE":
            for journal in self.journals:
                journal.entries.clear()
        return JSONResponse([asdict(entry) for journal in self.journals for entry in journal.entries])

    async def _set_latency(self, request: Request) -> Response:
        least, most = await request.json()
        self.latency = (float(least), float(most))
        return Response(status_code=204)


def _feed_of(request: Request) -> str:
    return request.url.path.rpartition("/")[2].removesuffix(".ics")


async def main(accounts: int) -> None:
    vendors, stopped = Vendors(accounts), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        vendors.addresses = [await stack.enter_async_context(serving(journal)) for journal in vendors.journals]
        url = await stack.enter_async_context(serving(Starlette(routes=vendors.routes())))
        print(json.dumps({"url": url}), flush=True)
        await stopped.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.scale.vendors", description="Simulated vendors.")
    parser.add_argument("accounts", type=int)
    asyncio.run(main(parser.parse_args().accounts))
