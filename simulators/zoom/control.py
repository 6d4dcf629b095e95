"""The simulator's switches over HTTP, as JSON, under `/_control/`.

=====================================================  ===============================================================
`GET settings`                                         where a client finds what, as settings of calendar-sync
`GET log`                                              every request so far; `DELETE log` forgets them
`GET quirks`                                           those of `Quirks`; `PATCH` sets some, `DELETE` all to normal
`POST faults`                                          plans a `Fault`; `DELETE faults` drops those still planned
`POST clock`                                           `{"advance": seconds}`
`POST apps`                                            `{"id", "secret", "redirect_uris": [], "scopes": []}`
`POST users`                                           `{"email", "name", "time_zone"}`
`POST users/{email}/expire`                            the access tokens
`POST users/{email}/revoke`                            the user removes every app
`POST users/{email}/grant`                             `{"app_id"}`: tokens without the browser
`POST users/{email}/meetings`                          `{"topic", "start", "recurrence": {…}, …}`, as `Meeting` has them
`PATCH meetings/{id}`                                  new values for a meeting; `DELETE` deletes it
`PATCH meetings/{id}/occurrences/{occurrence}`         `{"start", "duration"}` moves it; `DELETE` deletes it
`POST pages/forget`                                    every page token given out so far expires
=====================================================  ===============================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.routing import Route

from simulators.control import Deed, found, routes
from simulators.zoom.accounts import User
from simulators.zoom.authority import SCOPES
from simulators.zoom.meetings import JsonObject, Meeting
from simulators.zoom.recurrence import Recurrence
from simulators.zoom.state import State


@dataclass(frozen=True, slots=True)
class Control:
    state: State

    def routes(self) -> Sequence[Route]:
        deeds: dict[tuple[str, str], Deed] = {
            ("POST", "/apps"): self._add_client,
            ("POST", "/pages/forget"): lambda *_: self.state.pages.forget(),
            **self._user_deeds(),
            **self._meeting_deeds(),
        }
        return routes(self.state, deeds)

    def _user_deeds(self) -> dict[tuple[str, str], Deed]:
        authority = self.state.authority
        return {
            ("POST", "/users"): self._add_user,
            ("POST", "/users/{email}/expire"): lambda request, _: authority.expire_access_tokens(self._user(request)),
            ("POST", "/users/{email}/revoke"): lambda request, _: authority.withdraw(self._user(request)),
            ("POST", "/users/{email}/grant"): self._grant,
            ("POST", "/users/{email}/meetings"): self._schedule,
        }

    def _meeting_deeds(self) -> dict[tuple[str, str], Deed]:
        occurrence = "/meetings/{meeting}/occurrences/{occurrence}"
        return {
            ("PATCH", "/meetings/{meeting}"): lambda request, given: self._meeting(request).change(**_values(given)),
            ("DELETE", "/meetings/{meeting}"): lambda request, _: self.state.world.delete(self._meeting(request).id),
            ("PATCH", occurrence): lambda request, given: self._meeting(request).move(
                request.path_params["occurrence"], **_values(given)
            ),
            ("DELETE", occurrence): lambda request, _: self._meeting(request).cancel(request.path_params["occurrence"]),
        }

    def _add_client(self, _: Request, given: JsonObject) -> None:
        scopes = tuple(given.get("scopes", SCOPES))
        self.state.add_client(given["id"], given["secret"], *given.get("redirect_uris", ()), scopes=scopes)

    def _add_user(self, _: Request, given: JsonObject) -> JsonObject:
        return {"id": self.state.add_user(**given).id}

    def _grant(self, request: Request, given: JsonObject) -> JsonObject:
        app = found(self.state.authority.apps, given["app_id"])
        tokens = self.state.grant(app, self._user(request))
        return {"access_token": tokens.access.value, "refresh_token": tokens.refresh.value}

    def _schedule(self, request: Request, given: JsonObject) -> JsonObject:
        values = {"start": None, **_values(given)}
        return {"id": self.state.world.schedule(self._user(request), values.pop("topic"), **values).id}

    def _user(self, request: Request) -> User:
        return found(self.state.world.users, request.path_params["email"])

    def _meeting(self, request: Request) -> Meeting:
        return found(self.state.world.meetings, int(request.path_params["meeting"]))


def _values(given: JsonObject) -> JsonObject:
    """Values of a meeting, out of JSON."""
    start, recurrence = given.get("start"), given.get("recurrence")
    return given | {
        **({} if start is None else {"start": datetime.fromisoformat(start)}),
        **({} if recurrence is None else {"recurrence": Recurrence(**recurrence)}),
    }
