"""Which addresses a user's URL reaches: none that is not public, in whatever spelling, by whatever way."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.errors import AddressRefused, Unavailable
from providers.guard import (
    UNREACHABLE,
    AddressRule,
    GuardedBackend,
    SystemResolver,
    check_url,
    is_public,
    is_web_port,
    literal_address,
    parse_networks,
)
from providers.transport import Unreachable
from tests.providers.loopback import HOST, a_transport, listening, names, ok

LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7F000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "017700000001",
    "0177.1",
    "0",
    "0.0.0.0",  # noqa: S104 - not bound to, refused
    "0x0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "app.localhost",
    "127。0。0。1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "2852039166",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
]


@pytest.mark.parametrize("host", LOOPBACK + PRIVATE)
async def test_no_spelling_of_a_private_address_is_reached(host: str) -> None:
    async with listening(ok(), host="127.0.0.1") as canary, a_transport().client() as client:
        with pytest.raises((AddressRefused, Unreachable)) as refused:
            await client.request("GET", f"http://{host}:{canary.port}/")

        assert refused.value.message == UNREACHABLE
        assert canary.connections == 0


@pytest.mark.parametrize("host", LOOPBACK + PRIVATE)
def test_private_addresses_are_refused_when_they_are_typed(host: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(f"https://{host}/feed.ics", AddressRule())


async def test_an_allowed_network_is_reached_and_nothing_beside_it() -> None:
    async with listening(ok()) as allowed, listening(ok(), host="127.0.0.3") as other, a_transport().client() as client:
        response = await client.request("GET", f"{allowed.url}/")
        with pytest.raises(AddressRefused):
            await client.request("GET", f"{other.url}/")

    assert response.body == b"hello"
    assert other.connections == 0


async def test_a_name_is_dialled_at_the_address_that_was_checked() -> None:
    answers = iter([[HOST], ["127.0.0.1"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    async with (
        listening(ok()) as allowed,
        listening(ok(), host="127.0.0.1", port=allowed.port) as canary,
        a_transport(resolve=rebinding).client() as client,
    ):
        first = await client.request("GET", f"http://feeds.example:{allowed.port}/")
        with pytest.raises(Unreachable):
            await client.request("GET", f"http://feeds.example:{allowed.port}/")

    assert first.body == b"hello"
    assert (allowed.connections, canary.connections) == (1, 0)


@pytest.mark.parametrize("answers", [[HOST, "127.0.0.1"], ["127.0.0.1", HOST], [HOST, "::1"], [HOST, "10.0.0.1"]])
async def test_one_bad_address_among_good_ones_refuses_the_name(answers: list[str]) -> None:
    async with (
        listening(ok()) as allowed,
        listening(ok(), host="127.0.0.1", port=allowed.port) as canary,
        a_transport(resolve=names({"mixed.example": answers})).client() as client,
    ):
        with pytest.raises(Unreachable):
            await client.request("GET", f"http://mixed.example:{allowed.port}/")

    assert (allowed.connections, canary.connections) == (0, 0)


@pytest.mark.parametrize(
    "host", ["blocked.example", "refused.example", "unknown.example", "a..b", "garbage.example", "empty.example"]
)
async def test_blocked_refused_and_unknown_look_the_same(host: str) -> None:
    async with listening() as gone:
        port = gone.port
    resolve = names(
        {
            "blocked.example": ["127.0.0.1"],
            "refused.example": [HOST],
            "garbage.example": ["not an address"],
            "empty.example": [],
        }
    )

    async with a_transport(resolve=resolve).client() as client:
        with pytest.raises((Unreachable, AddressRefused)) as refused:
            await client.request("GET", f"http://{host}:{port}/")

    assert refused.value.message == UNREACHABLE


async def test_an_address_that_does_not_answer_looks_as_if_it_refused() -> None:
    class Silent(httpcore.AsyncMockBackend):
        async def connect_tcp(self, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
            raise httpcore.ConnectTimeout("10 seconds")

    guarded = GuardedBackend(AddressRule(), names({"slow.example": ["93.184.216.34"]}), Silent([]))

    with pytest.raises(httpcore.ConnectError, match=UNREACHABLE):
        await guarded.connect_tcp("slow.example", 443)


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    resolve = names({"two.example": ["127.0.0.4", HOST]})
    async with listening(ok()) as server:
        allowed = parse_networks(["127.0.0.4/32", f"{HOST}/32"])
        async with a_transport(resolve=resolve, allowed_networks=allowed).client() as client:
            response = await client.request("GET", f"http://two.example:{server.port}/")

    assert response.status == 200


async def test_names_are_looked_up_by_the_system() -> None:
    assert set(await SystemResolver()("localhost", 80)) <= {"127.0.0.1", "::1"}


async def test_unix_sockets_are_never_opened() -> None:
    with pytest.raises(httpcore.ConnectError):
        await GuardedBackend(AddressRule(), names({})).connect_unix_socket("/run/docker.sock")


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(ok()) as server, listening(ok(b"proxy"), host="127.0.0.1") as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with a_transport().client() as client:
            response = await client.request("GET", f"{server.url}/")

    assert response.body == b"hello"
    assert proxy.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/feed.ics",
        "data:text/calendar,BEGIN:VCALENDAR",
        "javascript:alert(1)",
        "http+unix://%2Frun%2Fdocker.sock/",
        "//example.com/",
        "example.com/feed.ics",
        "https://",
        "https:///feed.ics",
        "",
    ],
)
def test_only_web_addresses_are_read(url: str) -> None:
    with pytest.raises(AddressRefused, match="https"):
        check_url(url, AddressRule())


@pytest.mark.parametrize("url", ["https://example.com:abc/", "https://exa\nmple.com/", "https://0177.0.0.1/"])
def test_what_is_no_address_is_called_so(url: str) -> None:
    with pytest.raises(AddressRefused, match="not a web address"):
        check_url(url, AddressRule())


@pytest.mark.parametrize(
    "url", ["https://user:pw@example.com/", "https://user@example.com/", r"https://93.184.216.34\@example.com/"]
)
def test_a_password_belongs_in_its_own_field(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_url(url, AddressRule())

    assert "own fields" in refused.value.message
    assert "pw" not in refused.value.message


def test_an_endless_address_is_refused() -> None:
    with pytest.raises(AddressRefused, match="too long"):
        check_url("https://example.com/" + "a" * 5000, AddressRule())


@pytest.mark.parametrize("host", ["exa mple.com", "%6c%6f%63%61lhost", "a..b", "a" * 64 + ".com", ".", "-", "xn--"])
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(f"https://{host}/", AddressRule())


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/feed.ics",
        "http://example.com/feed.ics",
        "https://example.com:8443/",
        "https://dav.example.com:5232/",
        "https://ex_ample.com/",
        "https://xn--fa-hia.de/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
    ],
)
def test_public_web_addresses_are_accepted(url: str) -> None:
    assert str(check_url(url, AddressRule())) == url


def test_a_name_in_another_script_is_asked_for_in_ascii() -> None:
    assert str(check_url("https://faß.de/", AddressRule())) == "https://xn--fa-hia.de/"


def test_a_fragment_and_a_last_dot_are_not_part_of_what_is_asked_for() -> None:
    assert str(check_url("https://example.com./a?b=c#d", AddressRule())) == "https://example.com/a?b=c"


@pytest.mark.parametrize("port", [0, 21, 22, 23, 25, 53, 110, 143, 389, 445, 587, 993, 3306, 5432, 6379, 11211, 65536])
def test_ports_of_other_services_are_refused_like_any_unreachable_address(port: int) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_url(f"https://example.com:{port}/", AddressRule())

    assert refused.value.message == UNREACHABLE


async def test_a_port_of_another_service_is_not_dialled() -> None:
    guarded = GuardedBackend(AddressRule(), names({"db.example": ["93.184.216.34"]}), httpcore.AsyncMockBackend([]))

    with pytest.raises(httpcore.ConnectError):
        await guarded.connect_tcp("db.example", 5432)


@pytest.mark.parametrize("port", [80, 443, 1024, 5232, 8000, 8080, 8443, 8843, 65535])
def test_ports_of_web_servers_are_accepted(port: int) -> None:
    assert is_web_port(port)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses())
def test_nothing_the_standard_library_calls_special_is_public(address: IPv4Address | IPv6Address) -> None:
    special = address.is_private or address.is_loopback or address.is_link_local
    if special or address.is_multicast or address.is_reserved or address.is_unspecified:
        mapped = getattr(address, "ipv4_mapped", None)
        assert not is_public(address) or (mapped is not None and is_public(mapped))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_inside_ipv6_as_it_is_itself(address: IPv4Address) -> None:
    rule = AddressRule(parse_networks(["10.0.0.0/8"]))
    mapped = IPv6Address(f"::ffff:{address}")

    assert is_public(mapped) == is_public(address)
    assert rule.permits(mapped) == rule.permits(address)


@given(st.ip_addresses(v=4))
def test_every_old_spelling_of_an_address_is_read_as_that_address(address: IPv4Address) -> None:
    number = int(address)
    high, low = number >> 24, number & 0xFFFFFF

    for spelling in (str(number), hex(number), f"0{number:o}", f"{high}.{low}", f"0x{high:x}.{low}", str(address)):
        assert literal_address(spelling) == address


@pytest.mark.parametrize(
    "host", ["example.com", "dead.beef", "cafe", "1e3", "abc", "1.2.3.4.5", "256.1.1.1", "1.example"]
)
def test_a_name_is_not_taken_for_an_address(host: str) -> None:
    assert literal_address(host) is None


@pytest.mark.parametrize("text", ["127.0.0.1/8", "nonsense", "::1/200"])
def test_an_operator_is_told_of_a_network_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_networks([text])


def test_unreachable_is_a_kind_of_unavailable() -> None:
    assert issubclass(Unreachable, Unavailable)
