"""What servers do differently from the book, as switches; and faults, which happen a number of times and pass."""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Literal

Spelling = Literal["plain", "encoded", "mixed"]
AuthScheme = Literal["basic", "digest", "none"]


@dataclass(slots=True)
class Quirks:
    """How the server differs from a well-mannered one. Each may be changed at any time."""

    # Discovery
    well_known_status: int = 301
    """With 301, 302, 303, 307 or 308 a redirect to the root, with 207 an answer in place, else a refusal."""
    home_origin: str | None = None
    """Scheme, host and port put before the home-set's path, as iCloud does with its partitions."""
    principal_origin: str | None = None
    home_prefix: str = ""
    """Where homes are; changing it moves them."""
    names_no_principal: bool = False
    lists_schedule_boxes: bool = True

    # Authentication
    auth: AuthScheme = "basic"
    challenges: tuple[str, ...] | None = None
    """WWW-Authenticate fields sent instead of the proper one; empty for none at all."""

    # How things are written
    href_spelling: Spelling = "plain"
    """`encoded` percent-encodes all it may, in lower case; `mixed` writes the tilde as `%7E` and the at sign plain."""
    href_origin: str | None = None
    """Scheme, host and port put before every href."""
    numbered_prefixes: bool = False
    """Namespaces are `ns0`, `ns1`, … instead of a default one and `cal`."""
    token_first: bool = False
    """The sync token stands before the responses."""

    wraps_not_found: bool = False
    """A PROPFIND on nothing is answered 207, with a 404 inside."""

    # What a listing says
    supports_sync_collection: bool = True
    lists_sync_token: bool = True
    supports_ctag: bool = True
    supports_multiget: bool = True
    supports_query: bool = True
    lists_etags: bool = True
    lists_itself: bool = False
    lists_twice: bool = False
    foreign_hrefs: tuple[str, ...] = ()
    """Hrefs put among the members of every listing."""
    ghosts: tuple[str, ...] = ()
    """Names that every initial listing has, and that are not there when asked for."""
    mute: tuple[str, ...] = ()
    """Names that a multiget leaves out without a word."""

    # sync-collection
    page_size: int | None = None
    """More changes than this are cut off with a 507 (RFC 6578 §3.6)."""
    refuses_initial_sync: bool = False
    expired_status: int = 403
    expired_content_type: str = "application/xml; charset=utf-8"
    expired_body: str | None = None
    """What an unknown token is answered with; by default the `DAV:valid-sync-token` error."""
    stuck_token: bool = False
    """A cut-off answer gives the token it was asked with."""

    def change(self, **switches: object) -> None:
        """Set switches by name. Raises `ValueError`, changing nothing, where there is none of that name."""
        known = {each.name for each in fields(self)}
        if unknown := sorted(set(switches) - known):
            raise ValueError(f"no such quirk: {', '.join(unknown)}")
        for name, value in switches.items():
            setattr(self, name, tuple(value) if isinstance(value, list) else value)

    def reset(self) -> None:
        self.change(**asdict(Quirks()))


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong for the next `times` requests of a method (any, if empty) whose path starts so."""

    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    """How many such requests pass unharmed before."""
    status: int | None = None
    """Answer so, with `body`, without doing anything."""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    delay: float = 0
    """Seconds of silence before the answer."""
    cut_after: int | None = None
    """The connection is reset after that many bytes of the body."""


@dataclass(slots=True)
class Faults:
    planned: list[Fault] = field(default_factory=list)

    def plan(self, fault: Fault) -> None:
        self.planned.append(fault)

    def clear(self) -> None:
        self.planned.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this request, if any."""
        for index, fault in enumerate(self.planned):
            if fault.method not in {"", method} or not path.startswith(fault.path):
                continue
            if fault.skip:
                self.planned[index] = replace(fault, skip=fault.skip - 1)
                return None
            self.planned[index : index + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
            return fault
        return None
