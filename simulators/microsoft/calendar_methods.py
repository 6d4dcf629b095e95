"""`/me`, `/me/calendars` and `/me/calendar`: who somebody is, and which calendars there are."""

from dataclasses import dataclass

from starlette.routing import Route

from simulators.microsoft.calls import Call, Gate
from simulators.microsoft.listing import listed, selected
from simulators.microsoft.rendering import calendar_resource
from simulators.microsoft.scopes import READ_CALENDARS, READ_USER, reads_shared
from simulators.microsoft.times import JsonObject

MAILBOXES = ("/me", "/users/{user}")


@dataclass(frozen=True, slots=True)
class CalendarMethods:
    def routes(self, gate: Gate) -> list[Route]:
        user = gate.endpoint(self._user, READ_USER)
        every = gate.endpoint(self._list, READ_CALENDARS)
        one = gate.endpoint(self._get, READ_CALENDARS)
        return [
            Route(f"{mailbox}{path}", endpoint, methods=["GET"])
            for mailbox in MAILBOXES
            for path, endpoint in (
                ("", user),
                ("/calendars", every),
                ("/calendar", one),
                ("/calendars/{calendar_id}", one),
            )
        ]

    async def _user(self, call: Call) -> JsonObject:
        account = call.account
        given, _, family = account.name.partition(" ")
        return call.context("users/$entity") | {
            "businessPhones": [],
            "displayName": account.name,
            "givenName": given,
            "jobTitle": None,
            "mail": account.email if account.has_mailbox else None,
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": "en-US",
            "surname": family or None,
            "userPrincipalName": account.email,
            "id": account.object_id,
        }

    async def _list(self, call: Call) -> JsonObject:
        account = call.mailbox()
        sees_shared = reads_shared(call.token.scopes)
        seen = [c for c in account.calendars.values() if sees_shared or c.owner_address == account.email]
        items = [calendar_resource(calendar) for calendar in seen]
        return call.context(f"users('{account.email}')/calendars") | listed(call, items)

    async def _get(self, call: Call) -> JsonObject:
        resource = calendar_resource(call.calendar())
        return call.context("users('me')/calendars/$entity") | selected(resource, call.parameters.names("select"))
