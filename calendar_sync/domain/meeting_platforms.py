"""Which meeting platform an address belongs to, and which meeting there it means.

Decided on the parsed host and path, never on the raw text, so that `https://evil.example/?u=https://zoom.us/j/1` and
`https://zoom.us.evil.example/j/1` are no Zoom links.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote

from calendar_sync.domain.events import MeetingLink
from calendar_sync.domain.link_wrappers import parse_address

OTHER_PLATFORM: Final = "other"
"""The platform of a link that is known to be one, on a host that is not."""

_LONGEST_HOST = 253
_SCHEMES = {"zoommtg": "zoom", "msteams": "teams"}


class _Platform(NamedTuple):
    name: str
    host: re.Pattern[str]
    path: re.Pattern[str]
    """Matched from the start of path and query."""


def _platform(name: str, host: str, path: str) -> _Platform:
    # In ASCII: without regard to case, `i` would match a dotless one, which is a look-alike's.
    return _Platform(name, re.compile(host, re.IGNORECASE | re.ASCII), re.compile(path, re.IGNORECASE))


_END = r"(?=[/?#]|$)"
_PLATFORMS: Final = (
    _platform(
        "zoom",
        r"(?:[a-z0-9-]+\.)*(?:zoom\.us|zoom\.com|zoom\.com\.cn|zoomgov\.com|zoom-x\.de)",
        r"/(?:j|w|s|wc/join|wc)/\d{9,12}|/my/[\w.\-]+|/meeting/(?:register|attendee)/|/webinar/register/|/ej"
        + _END
        + r"|/join\?(?:.*&)?confno=\d{9,12}",
    ),
    _platform(
        "google_meet",
        r"meet\.google\.com|g\.co",
        rf"/(?:_meet/|meet/)?[a-z]{{3}}-?[a-z]{{4}}-?[a-z]{{3}}{_END}|/lookup/[\w\-]+|/meet/[\w\-]+",
    ),
    _platform("google_meet_stream", r"stream\.meet\.google\.com", r"/stream/[\w-]+"),
    _platform(
        "teams",
        r"(?:(?:gov|dod)\.)?teams\.microsoft\.(?:com|us)|teams\.live\.com|teams\.cloud\.microsoft"
        r"|teams\.microsoftonline\.cn",
        r"/l/meetup-join/[^?]+|/meet/\w+|/l/meeting/|/_#/l/meetup-join/|/v2/\?meetingjoin=true"
        r"|/dl/launcher/launcher\.html\?",
    ),
    _platform(
        "webex",
        r"(?:[a-z0-9-]+\.)+webex\.com",
        r"/(?:[\w.\-]+/)?[jmeg]\.php\?.*(?:MTID|MK|ED|RGID)=|/(?:meet|join)/[\w.\-@%]+"
        r"|/(?:[\w.\-]+/)?m/[0-9a-f-]{32,36}|/wbxmjs/joinservice/|/webappng/sites/[\w.\-]+/meeting/"
        r"|/weblink/register/",
    ),
    _platform(
        "goto",
        r"meet\.goto\.com|app\.goto\.com|(?:(?:global|www|app)\.)?gotomeeting\.com|(?:www\.)?gotomeet\.(?:me|at)",
        rf"/join/\d{{9}}|/\d{{9}}{_END}|/meeting/[\w\-/]+|/[a-z][\w.\-]+(?:/\d+)?$",
    ),
    _platform("gotowebinar", r"(?:[a-z]+\.)?gotowebinar\.com", r"/(?:join|register|attend|rt|webinar)/?[\w\-/]*"),
    _platform(
        "whereby",
        r"(?:[a-z0-9-]+\.)?whereby\.com|appear\.in",
        rf"/(?!(?:information|user|blog|pricing|org){_END})[\w.\-]+",
    ),
    _platform("jitsi", r"meet\.jit\.si|(?:[a-z0-9-]+\.)?8x8\.vc|(?:[a-z0-9-]+\.)*jitsi\.[a-z.]+", r"/[^\s?#]+"),
    _platform("chime", r"(?:[a-z0-9-]+\.)?chime\.aws", r"/\d{10}|/[\w.\-]+"),
    _platform(
        "ringcentral",
        r"(?:v|meetings)\.ringcentral\.com"
        r"|video\.(?:unifyoffice\.com|cloudoffice\.avaya\.com|rainbowoffice\.com)",
        r"/(?:join|j|conf/on|w/join)/?[\w?=]*\d{9}|/teleconference",
    ),
    _platform("bluejeans", r"(?:[a-z0-9-]+\.)?bluejeans\.com", r"/\d{6,}"),
    _platform("slack_huddle", r"app\.slack\.com", r"/huddle/T[A-Z0-9]+/[CDG][A-Z0-9]+"),
    _platform(
        "gather", r"app\.gather\.town|(?:www\.)?gather\.town|app\.v2\.gather\.town", r"/app/\w+/[^\s?#]+|/invite\?"
    ),
    _platform("around", r"(?:meet\.)?around\.co", r"/r/[\w.\-]+"),
    _platform("livestorm", r"app\.livestorm\.(?:co|com)", r"/(?:p/|[\w\-]+/)[\w\-/]+"),
    _platform("skype", r"join\.skype\.com", r"/(?:invite/|meetnow/)?\w+"),
    _platform("facetime", r"facetime\.apple\.com", r"/join"),
    _platform("lark", r"vc\.(?:larksuite\.com|feishu\.cn)", r"/j/\d{9}"),
    _platform("tencent", r"(?:meeting\.tencent|voovmeeting)\.com", r"/(?:dm|s|p|dw)/\w+"),
    _platform("proton", r"meet\.proton\.me", r"/join/"),
    _platform("cal_com", r"app\.cal\.com", r"/video/"),
    _platform("livekit", r"meet[\w.]*\.livekit\.io", r"/rooms/"),
    _platform("riverside", r"riverside\.(?:fm|com)", r"/studio/"),
    _platform("streamyard", r"(?:www\.)?streamyard\.com", rf"/(?:guest/)?(?=\w*\d)[a-z0-9]{{8,13}}{_END}"),
    _platform("dialpad", r"meetings\.dialpad\.com", r"/(?:room/)?[\w.\-]+"),
    _platform("uberconference", r"(?:www\.)?uberconference\.com", r"/(?:room/)?[\w.\-]+"),
    _platform("daily", r"(?!(?:www|docs|help|dashboard|api)\.)[a-z0-9-]+\.daily\.co", r"/[\w\-]+"),
    _platform("teamviewer", r"go\.(?:teamviewer|blizz)\.com", r"/(?:v\d+/)?m?\d{6,}"),
    _platform("discord", r"(?:www\.)?discord\.(?:gg|com)", r"/(?:invite|channels|events)/[\w\-/]+"),
    _platform("vonage", r"meetings\.vonage\.com", r"/\?room_token=|/[\w\-]{6,}"),
    # Any company's own server: tried last.
    _platform("skype_business", r"meet\.[a-z0-9.-]+", rf"/[\w.\-]+/[\w.\-]+/[A-Z0-9]{{6,10}}{_END}"),
)


PLATFORMS: Final = tuple(one.name for one in _PLATFORMS)
"""The names of those that are known, in the order in which they are tried."""

_BESIDE = {
    "zoom": re.compile(r"/(?:meeting|webinar)/(?:register|attendee)/", re.IGNORECASE),
    "webex": re.compile(r"/weblink/register/", re.IGNORECASE),
    "gotowebinar": re.compile(rf"/(?:register|rt|webinar){_END}", re.IGNORECASE),
    "google_meet_stream": re.compile("/"),
}
"""Where people register for a meeting or look on."""


def platform_of(address: SplitResult) -> str | None:
    """The platform whose meeting `address` leads to, or `None`: also for other pages of a platform."""
    scheme, host = address.scheme.lower(), (address.hostname or "").lower()
    if scheme in _SCHEMES:
        return _SCHEMES[scheme]
    if scheme not in {"http", "https"} or len(host) > _LONGEST_HOST:
        return None
    place = _place(address)
    return next((one.name for one in _PLATFORMS if one.host.fullmatch(host) and one.path.match(place)), None)


def _place(address: SplitResult) -> str:
    """Path, query and fragment: `/_#/l/meetup-join/` hides its path in the fragment."""
    query = f"?{address.query}" if address.query else ""
    fragment = f"#{address.fragment}" if address.fragment else ""
    return f"{address.path}{query}{fragment}"


def is_to_join(link: MeetingLink) -> bool:
    """Whether it leads into the meeting, rather than to where people register for it or look on."""
    address, beside = parse_address(link.url), _BESIDE.get(link.platform)
    return address is None or beside is None or not beside.match(_place(address))


_ZOOM_NUMBER = re.compile(r"/(?:j|w|s|wc/join|wc)/(\d{9,12})|[?&]confno=(\d{9,12})", re.IGNORECASE)
_MEET_CODE = re.compile(rf"/(?:_meet/|meet/)?([a-z]{{3}}-?[a-z]{{4}}-?[a-z]{{3}}){_END}", re.IGNORECASE)
_TEAMS_THREAD = re.compile(r"19:[^@/?\s]+@thread\.\w+(?:/\d+)?", re.IGNORECASE)
_TEAMS_NUMBER = re.compile(r"/meet/(\w+)", re.IGNORECASE)
_WEBEX_NUMBER = re.compile(r"[?&](?:MTID|MK|ED|RGID)=(\w+)", re.IGNORECASE)
_PATHS_OF_MANY = frozenset({"/", "/join", "/invite", "/ej", "/v2/", "/dl/launcher/launcher.html"})
"""Paths that all meetings share: query or fragment tell them apart."""

_PERSONAL_ROOMS = {
    "zoom": re.compile(r"/my/", re.IGNORECASE),
    "webex": re.compile(r"/(?:meet|join)/", re.IGNORECASE),
}


def meeting_key(link: MeetingLink) -> str | None:
    """What all links to the same meeting have in common, whatever calendar they come from.

    `None` for a personal room, where many meetings take place, and for what cannot be parsed.
    """
    address = parse_address(link.url)
    if address is None:
        return None
    place = _place(address)
    room = _PERSONAL_ROOMS.get(link.platform)
    if room is not None and room.match(place):
        return None
    if number := _number(link.platform, place):
        return f"{link.platform}:{number}"
    return f"{link.platform}:{address.hostname}{place if address.path in _PATHS_OF_MANY else address.path.lower()}"


def _number(platform: str, place: str) -> str | None:
    """The platform's own number or code of a meeting, where the address has it."""
    if platform == "zoom" and (found := _ZOOM_NUMBER.search(place)):
        return found[1] or found[2]
    if platform == "google_meet" and (found := _MEET_CODE.match(place)):
        return found[1].replace("-", "").lower()
    if platform == "teams":
        if thread := _TEAMS_THREAD.search(unquote(unquote(place))):
            return thread[0].lower()
        return found[1] if (found := _TEAMS_NUMBER.match(place)) else None
    if platform == "webex" and (found := _WEBEX_NUMBER.search(place)):
        return found[1].lower()
    return None
