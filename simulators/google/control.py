"""The simulator's switches over HTTP, as JSON, under `/_control/`.

=====================================================  ===============================================================
`GET settings`                                         where a client finds what, as settings of calendar-sync
`GET log`                                              every request so far; `DELETE log` forgets them
`GET quirks`                                           those of `Quirks`; `PATCH` sets some, `DELETE` all to normal
`POST faults`                                          plans a `Fault`; `DELETE faults` drops those still planned
`POST clock`                                           `{"advance": seconds}`
`POST clients`                                         `{"id", "secret", "redirect_uris": [], "publishing_status"}`
`POST accounts`                                        `{"email", "name", "aliases": [], "time_zone"}`
`POST accounts/{email}/calendars`                      a secondary calendar: `{"summary", "id", "time_zone", …}`
`PATCH accounts/{email}/calendars/{id}`                how it stands on the list: `{"is_hidden", "summary_override"}`
`POST accounts/{email}/expire`                         the access tokens and the calendar list's sync tokens
`POST accounts/{email}/revoke`                         the user withdraws every consent; `{"subtype": "invalid_rapt"}`
                                                       only kills the refresh tokens
`POST accounts/{email}/grant`                          `{"client_id", "scopes": []}`: tokens without the browser
`PUT calendars/{id}/events`                            an event resource as it is, valid or not
`PATCH calendars/{id}/events/{event}`                  new values for an event or, by its id, an occurrence
`DELETE calendars/{id}/events/{event}`
`POST calendars/{id}/events/{event}/split`             "this and following": `{"originalStart": {…}, "changes": {…}}`
`POST calendars/{id}/{deed}`                           `expire` its sync tokens, `forget` its tombstones, `delete` it
`POST push/release`                                    delivers what is held back; `?newest_first=true`
=====================================================  ===============================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import Route

from simulators.control import Deed, NotFound, found, routes
from simulators.google.accounts import Account
from simulators.google.calendars import Calendar
from simulators.google.state import State
from simulators.google.times import JsonObject


@dataclass(frozen=True, slots=True)
class Control:
    state: State

    def routes(self) -> Sequence[Route]:
        deeds: dict[tuple[str, str], Deed] = {
            ("POST", "/clients"): self._add_client,
            ("POST", "/push/release"): self._release,
            **self._account_deeds(),
            **self._calendar_deeds(),
        }
        return routes(self.state, deeds)

    def _account_deeds(self) -> dict[tuple[str, str], Deed]:
        account = "/accounts/{email}"
        return {
            ("POST", "/accounts"): self._add_account,
            ("POST", f"{account}/calendars"): self._add_calendar,
            ("PATCH", f"{account}/calendars/{{calendar}}"): self._change_entry,
            ("POST", f"{account}/expire"): self._expire_account,
            ("POST", f"{account}/revoke"): self._withdraw,
            ("POST", f"{account}/grant"): self._grant,
        }

    def _calendar_deeds(self) -> dict[tuple[str, str], Deed]:
        calendar = "/calendars/{calendar}"
        event = f"{calendar}/events/{{event}}"
        return {
            ("PUT", f"{calendar}/events"): lambda request, given: self._calendar(request).put(given).resource,
            ("PATCH", event): lambda request, given: (
                self._calendar(request).change(request.path_params["event"], **given).resource
            ),
            ("DELETE", event): lambda request, _: self._calendar(request).remove(request.path_params["event"]),
            ("POST", f"{event}/split"): self._split,
            ("POST", f"{calendar}/expire"): lambda request, _: self._calendar(request).expire_sync_tokens(),
            ("POST", f"{calendar}/forget"): lambda request, _: self._calendar(request).forget_tombstones(),
            ("POST", f"{calendar}/delete"): lambda request, _: self.state.world.delete_calendar(
                self._calendar(request)
            ),
        }

    def _add_client(self, _: Request, given: JsonObject) -> None:
        redirect_uris = given.pop("redirect_uris", [])
        self.state.add_client(given.pop("id"), given.pop("secret"), *redirect_uris, **given)

    def _release(self, request: Request, _: JsonObject) -> None:
        self.state.push.release(newest_first=request.query_params.get("newest_first") == "true")

    def _add_account(self, _: Request, given: JsonObject) -> JsonObject:
        aliases = tuple(given.pop("aliases", ()))
        account = self.state.add_account(given.pop("email"), given.pop("name", ""), aliases=aliases, **given)
        return {"email": account.email}

    def _add_calendar(self, request: Request, given: JsonObject) -> JsonObject:
        return {"id": self._account(request).add_calendar(given.pop("summary"), **given).id}

    def _change_entry(self, request: Request, given: JsonObject) -> None:
        self._account(request).change_entry(self._calendar(request), **given)

    def _expire_account(self, request: Request, _: JsonObject) -> None:
        account = self._account(request)
        self.state.authority.expire_access_tokens(account)
        account.expire_sync_tokens()

    def _withdraw(self, request: Request, given: JsonObject) -> None:
        account, authority = self._account(request), self.state.authority
        if "subtype" in given:
            authority.kill_refresh_tokens(account, subtype=given["subtype"])
            return
        for client in authority.clients.values():
            authority.withdraw(client, account)

    def _grant(self, request: Request, given: JsonObject) -> JsonObject:
        client = found(self.state.authority.clients, given["client_id"])
        tokens = self.state.grant(client, self._account(request), *given["scopes"])
        refresh = {} if tokens.refresh is None else {"refresh_token": tokens.refresh.value}
        return {"access_token": tokens.access.value} | refresh

    def _split(self, request: Request, given: JsonObject) -> JsonObject:
        changes = given.get("changes", {})
        new = self._calendar(request).split(request.path_params["event"], given["originalStart"], **changes)
        return {"id": new}

    def _account(self, request: Request) -> Account:
        return found(self.state.world.accounts, request.path_params["email"])

    def _calendar(self, request: Request) -> Calendar:
        calendar = self.state.world.calendar(request.path_params["calendar"])
        if calendar is None:
            raise NotFound(request.path_params["calendar"])
        return calendar
