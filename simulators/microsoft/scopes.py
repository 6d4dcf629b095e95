"""Which permissions the calendars of Graph need, by the names they are asked for with."""

from collections.abc import Iterable

_PREFIX = "https://graph.microsoft.com/"
_SIGN_IN = frozenset({"openid", "email", "profile", "offline_access"})

READ_USER = frozenset({"user.read", "user.readwrite", "user.readbasic.all", "user.read.all"})
READ_CALENDARS = frozenset(
    {
        "calendars.readbasic",
        "calendars.read",
        "calendars.read.shared",
        "calendars.readwrite",
        "calendars.readwrite.shared",
    }
)
_READ_BODIES = READ_CALENDARS - {"calendars.readbasic"}
_READ_SHARED = frozenset({"calendars.read.shared", "calendars.readwrite.shared"})


def short(scope: str) -> str:
    """`Calendars.Read` and `https://graph.microsoft.com/calendars.read` are the same."""
    return scope.removeprefix(_PREFIX).lower()


def is_sign_in(scope: str) -> bool:
    """Whether it belongs to OpenID Connect instead of Graph."""
    return short(scope) in _SIGN_IN


def allows(granted: Iterable[str], any_of: frozenset[str]) -> bool:
    return not any_of.isdisjoint(short(scope) for scope in granted)


def reads_bodies(granted: Iterable[str]) -> bool:
    """Whether an event is told with its body, and not only when it is."""
    return allows(granted, _READ_BODIES)


def reads_shared(granted: Iterable[str]) -> bool:
    return allows(granted, _READ_SHARED)


def told(scopes: Iterable[str], *, in_full: bool) -> str:
    """How the token endpoint names what was granted: without `offline_access`, Graph's in full or not."""
    named = [scope for scope in scopes if short(scope) != "offline_access"]
    return " ".join(
        f"{_PREFIX}{scope.removeprefix(_PREFIX)}" if in_full and not is_sign_in(scope) else scope.removeprefix(_PREFIX)
        for scope in named
    )
