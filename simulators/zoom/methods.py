"""The methods of the API: who asks, whether they may, and what they are shown."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.clock import Clock
from simulators.zoom.accounts import User, World
from simulators.zoom.authority import Authority
from simulators.zoom.errors import ApiError, invalid_field, invalid_token, missing_scopes, no_such_meeting
from simulators.zoom.limits import Limits
from simulators.zoom.meetings import SCHEDULED, JsonObject, Meeting
from simulators.zoom.pages import Pages
from simulators.zoom.quirks import Quirks
from simulators.zoom.rendering import detail, occurrence_detail, profile, row, upcoming_rows

Method = Callable[[Request, User], JsonObject]
_MOST_ROWS = 300
_KINDS = ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")


@dataclass(frozen=True, slots=True)
class Methods:
    world: World
    authority: Authority
    clock: Clock
    quirks: Quirks
    pages: Pages
    limits: Limits

    def routes(self) -> list[Route]:
        return [
            self._route("/users/me", self._me, "Light", "user:read:user", "user:read"),
            self._route("/users/me/meetings", self._meetings, "Medium", "meeting:read:list_meetings", "meeting:read"),
            self._route(
                "/users/me/upcoming_meetings",
                self._upcoming,
                "Medium",
                "meeting:read:list_upcoming_meetings",
                "meeting:read",
            ),
            self._route("/meetings/{meeting_id}", self._meeting, "Light", "meeting:read:meeting", "meeting:read"),
        ]

    def _route(self, path: str, method: Method, label: str, granular: str, classic: str) -> Route:
        return Route(path, self._endpoint(method, label, (granular, classic)), methods=["GET"])

    def _endpoint(
        self, method: Method, label: str, scopes: tuple[str, str]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                scheme, _, value = request.headers.get("authorization", "").partition(" ")
                if scheme.lower() != "bearer":
                    raise invalid_token()
                token = self.authority.authenticated(value)
                headers = self.limits.spend(token.user.account_id, label)
                if not set(token.scopes) & set(scopes):
                    raise missing_scopes(scopes[0])
                return JSONResponse(method(request, token.user), headers=headers)
            except ApiError as err:
                return err.response()

        return answer

    def _me(self, _: Request, user: User) -> JsonObject:
        return profile(user)

    def _meetings(self, request: Request, user: User) -> JsonObject:
        kind = request.query_params.get("type", "scheduled")
        if kind not in _KINDS:
            raise invalid_field("The value that you entered for the type field is invalid.")
        size = _page_size(request)
        now, most = self.clock.now(), self.quirks.most_occurrences
        rows = [row(meeting, now, most) for meeting in self._listed(user, kind)]
        token = request.query_params.get("next_page_token", "")
        shown, following = self.pages.page(f"{user.id} {kind}", rows, size, token)
        return {"page_size": size, "total_records": len(rows), "next_page_token": following, "meetings": list(shown)}

    def _listed(self, user: User, kind: str) -> Sequence[Meeting]:
        if self.quirks.empty_listings > 0:
            self.quirks.empty_listings -= 1
            return ()
        return [meeting for meeting in self.world.hosted(user) if self._is_of(meeting, kind)]

    def _is_of(self, meeting: Meeting, kind: str) -> bool:
        now, most = self.clock.now(), self.quirks.most_occurrences
        match kind:
            case "scheduled":
                return not meeting.is_expired(now, most)
            case "live":
                following = meeting.next(now, most)
                return following is not None and following.start <= now < following.end
            case "previous_meetings":
                return meeting.is_over(now, most) and meeting.type == SCHEDULED
        return not meeting.is_over(now, most)

    def _upcoming(self, _: Request, user: User) -> JsonObject:
        now, most = self.clock.now(), self.quirks.most_occurrences
        meetings = [*self.world.hosted(user), *self.world.invited(user)]
        rows = [each for meeting in meetings for each in upcoming_rows(meeting, user, now, most)]
        rows.sort(key=lambda each: str(each["start_time"]))
        return {"total_records": len(rows), "meetings": rows}

    def _meeting(self, request: Request, user: User) -> JsonObject:
        name = request.path_params["meeting_id"]
        meeting = self.world.meetings.get(int(name)) if name.isdecimal() else None
        if meeting is None or meeting.host_id != user.id:
            raise no_such_meeting(name)
        now, most = self.clock.now(), self.quirks.most_occurrences
        wanted = request.query_params.get("occurrence_id")
        if wanted is None:
            previous = request.query_params.get("show_previous_occurrences") == "true"
            return detail(meeting, now, most, previous=previous)
        found = next((each for each in meeting.occurrences(now, most) if each.id == wanted), None)
        if found is None or found.is_deleted:
            raise no_such_meeting(name)
        return occurrence_detail(meeting, found, now, most)


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", "30")
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_ROWS:
        raise invalid_field("The value that you entered for the page_size field is invalid.")
    return int(text)
