"""The simulator's switches over HTTP, as JSON, under `/_control/`.

=====================================================  ===============================================================
`GET settings`                                         where a client finds what, as settings of calendar-sync
`GET log`                                              every request so far; `DELETE log` forgets them
`GET quirks`                                           those of `Quirks`; `PATCH` sets some, `DELETE` all to normal
`POST faults`                                          plans a `Fault`; `DELETE faults` drops those still planned
`POST clock`                                           `{"advance": seconds}`
`POST clients`                                         `{"id", "secret", "redirect_uris": [], "tenant"}`
`POST accounts`                                        `{"email", "name", "time_zone", "tenant", "has_mailbox"}`
`GET accounts/{email}/calendars`                       names and ids, the default one first
`POST accounts/{email}/calendars`                      a further calendar: `{"name", "color", "can_edit", …}`
`DELETE accounts/{email}/calendars/{id}`               deletes it, or ends its being shared
`POST accounts/{email}/expire`                         the access tokens and the delta links
`POST accounts/{email}/revoke`                         the user withdraws every consent; `{"error", "number"}` only
                                                       kills the refresh tokens, which are answered with these
`POST accounts/{email}/grant`                          `{"client_id", "scopes": []}`: tokens without the browser
`PUT calendars/{id}/events`                            an event resource as it is, valid or not
`PATCH calendars/{id}/events/{event}`                  new values for an event or, by its id, an occurrence
`DELETE calendars/{id}/events/{event}`
`POST calendars/{id}/events/{event}/move`              `{"to": calendar}`
`POST calendars/{id}/{deed}`                           `expire` its delta links, `forget` its tombstones
`GET subscriptions`                                    those that were made
`POST subscriptions/{id}/lifecycle`                    `{"event": "missed"}` and so on
`POST subscriptions/{id}/forge`                        a notification with a wrong `{"client_state"}`
`POST push/release`                                    delivers what is held back; `?newest_first=true`
=====================================================  ===============================================================

An `{id}` of a calendar may be the address of an account, whose default one it is then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import Route

from simulators.control import Deed, found, routes
from simulators.microsoft.accounts import Account
from simulators.microsoft.authority import OAuthError
from simulators.microsoft.calendars import Calendar
from simulators.microsoft.push import Subscription
from simulators.microsoft.state import State
from simulators.microsoft.times import JsonObject


@dataclass(frozen=True, slots=True)
class Control:
    state: State

    def routes(self) -> Sequence[Route]:
        deeds: dict[tuple[str, str], Deed] = {
            ("POST", "/clients"): self._add_client,
            **self._account_deeds(),
            **self._calendar_deeds(),
            **self._push_deeds(),
        }
        return routes(self.state, deeds)

    def _account_deeds(self) -> dict[tuple[str, str], Deed]:
        account = "/accounts/{email}"
        return {
            ("POST", "/accounts"): self._add_account,
            ("GET", f"{account}/calendars"): lambda request, _: [
                {"id": calendar.id, "name": calendar.name} for calendar in self._account(request).calendars.values()
            ],
            ("POST", f"{account}/calendars"): self._add_calendar,
            ("DELETE", f"{account}/calendars/{{calendar}}"): lambda request, _: self._account(request).remove_calendar(
                self._calendar(request)
            ),
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
            ("POST", f"{event}/move"): self._move,
            ("POST", f"{calendar}/expire"): lambda request, _: self._calendar(request).expire_delta_links(),
            ("POST", f"{calendar}/forget"): lambda request, _: self._calendar(request).forget_tombstones(),
        }

    def _push_deeds(self) -> dict[tuple[str, str], Deed]:
        subscription = "/subscriptions/{subscription}"
        return {
            ("GET", "/subscriptions"): lambda *_: [
                {"id": each.id, "account": each.account.email, "resource": each.resource}
                for each in self.state.push.subscriptions.values()
            ],
            ("POST", f"{subscription}/lifecycle"): lambda request, given: self.state.push.lifecycle(
                self._subscription(request), given["event"]
            ),
            ("POST", f"{subscription}/forge"): lambda request, given: self.state.push.forge(
                self._subscription(request), **given
            ),
            ("POST", "/push/release"): lambda request, _: self.state.push.release(
                newest_first=request.query_params.get("newest_first") == "true"
            ),
        }

    def _add_client(self, _: Request, given: JsonObject) -> None:
        redirect_uris = given.pop("redirect_uris", [])
        self.state.add_client(given.pop("id"), given.pop("secret"), *redirect_uris, **given)

    def _add_account(self, _: Request, given: JsonObject) -> JsonObject:
        account = self.state.add_account(given.pop("email"), given.pop("name", ""), **given)
        return {"email": account.email, "calendar": account.calendar.id}

    def _add_calendar(self, request: Request, given: JsonObject) -> JsonObject:
        return {"id": self._account(request).add_calendar(given.pop("name"), **given).id}

    def _expire_account(self, request: Request, _: JsonObject) -> None:
        account = self._account(request)
        self.state.authority.expire_access_tokens(account)
        account.expire_delta_links()

    def _withdraw(self, request: Request, given: JsonObject) -> None:
        account, authority = self._account(request), self.state.authority
        if "error" in given:
            refusal = OAuthError(given["error"], given.get("number", 50173), "The grant is not valid any more.")
            authority.kill_refresh_tokens(account, refusal=refusal)
            return
        for client in authority.clients.values():
            authority.withdraw(client, account)

    def _grant(self, request: Request, given: JsonObject) -> JsonObject:
        client = found(self.state.authority.clients, given["client_id"])
        tokens = self.state.grant(client, self._account(request), *given.get("scopes", []))
        refresh = {} if tokens.refresh is None else {"refresh_token": tokens.refresh.value}
        return {"access_token": tokens.access.value} | refresh

    def _move(self, request: Request, given: JsonObject) -> JsonObject:
        moved = self._calendar(request).move(request.path_params["event"], self._named(given["to"]))
        return {"id": moved}

    def _account(self, request: Request) -> Account:
        return found(self.state.world.accounts, request.path_params["email"])

    def _calendar(self, request: Request) -> Calendar:
        return self._named(request.path_params["calendar"])

    def _named(self, name: str) -> Calendar:
        accounts = self.state.world.accounts
        if name in accounts:
            return accounts[name].calendar
        return found({id: each for a in accounts.values() for id, each in a.calendars.items()}, name)

    def _subscription(self, request: Request) -> Subscription:
        return found(self.state.push.subscriptions, request.path_params["subscription"])
