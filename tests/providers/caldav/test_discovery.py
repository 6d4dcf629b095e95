"""From a host, an e-mail address or any URL to the calendars; and passwords go nowhere else."""

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import trustme

from calendar_sync.domain.errors import (
    AddressRefused,
    BadResponse,
    Disconnected,
    ProviderError,
    RateLimited,
    Unavailable,
)
from calendar_sync.domain.providers import Account
from providers.caldav.provider import CalDavProvider
from providers.caldav.service_records import ServiceRecord
from simulators.caldav import hostile
from simulators.caldav.app import CalDavSimulator
from simulators.caldav.quirks import Fault
from simulators.server import serving
from tests.providers.caldav.builders import ADDRESS, USER, a_service, a_simulator, credentials, no_services
from tests.providers.contract import Meeting
from tests.providers.loopback import HOST, a_transport, listening, names, ok

NAMES = ("example.test", "caldav.example.test", "p07-caldav.cloud.test", "caldav.cloud.test", "evil.test")


@dataclass(slots=True)
class Internet:
    """The simulator over TLS, under every name of `NAMES`."""

    simulator: CalDavSimulator
    port: int
    transport_tls: ssl.SSLContext

    def url(self, host: str) -> str:
        return f"https://{host}:{self.port}"

    def provider(self, records: Mapping[str, Sequence[ServiceRecord]] | None = None) -> CalDavProvider:
        async def look_up(domain: str) -> Sequence[ServiceRecord]:
            return (records or {}).get(domain, ())

        transport = a_transport(ssl_context=self.transport_tls, resolve=names({name: [HOST] for name in NAMES}))
        return CalDavProvider(transport, trusted=("*.cloud.test",), look_up=look_up)

    async def connect(self, typed: str, records: Mapping[str, Sequence[ServiceRecord]] | None = None) -> Account:
        return await self.provider(records).connect(credentials(typed))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def internet(authority: trustme.CA) -> AsyncIterator[Internet]:
    simulator, _ = a_simulator()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert(*NAMES).configure_cert(server)
    authority.configure_trust(client)
    async with serving(simulator, host=HOST, ssl_context=server) as url:
        yield Internet(simulator, urlsplit(url).port or 443, client)


def hosts_shown_the_password(simulator: CalDavSimulator) -> set[str]:
    return {request.host.partition(":")[0] for request in simulator.log if request.authorization is not None}


# What may be typed


@pytest.mark.parametrize("typed", ["example.test:{port}", "https://example.test:{port}", "EXAMPLE.test:{port}/ada/"])
async def test_a_bare_host_and_an_address_lead_to_the_same_account(internet: Internet, typed: str) -> None:
    account = await internet.connect(typed.format(port=internet.port))

    assert account.identity == f"https://example.test:{internet.port}/principals/ada/ ada"
    assert account.email == ADDRESS


async def test_an_email_address_leads_to_the_service_its_domain_names(internet: Internet) -> None:
    records = {"example.test": [ServiceRecord("caldav.example.test", internet.port)]}

    account = await internet.connect("ada@example.test", records)

    assert account.identity.startswith(internet.url("caldav.example.test"))


async def test_a_domain_may_name_the_path_of_its_service(internet: Internet) -> None:
    internet.simulator.quirks.well_known_status = 404
    records = {"example.test": [ServiceRecord("caldav.example.test", internet.port, "/principals/ada/")]}

    await internet.connect("example.test", records)

    assert internet.simulator.log[0].path == "/principals/ada/"


async def test_the_next_service_is_tried_where_one_does_not_answer(internet: Internet) -> None:
    services = [ServiceRecord("gone.example.test", 443), ServiceRecord("caldav.example.test", internet.port)]

    account = await internet.connect("example.test", {"example.test": services})

    assert account.identity.startswith(internet.url("caldav.example.test"))


async def test_a_service_on_a_strangers_host_is_not_asked(internet: Internet) -> None:
    """DNS is not authenticated: whoever forges it would be given the password."""
    with pytest.raises(AddressRefused):
        await internet.connect("example.test", {"example.test": [ServiceRecord("evil.test", internet.port)]})

    assert internet.simulator.log == []


async def test_the_email_is_the_user_name_where_that_is_one() -> None:
    async with a_service() as service:
        service.simulator.add_user("Grace@Example.com", "pw").add_calendar("work")
        typed = {"url": service.url, "username": "Grace@Example.com", "password": "pw"}

        assert (await service.provider.connect(typed)).email == "grace@example.com"


# Well-known, principal, home


@pytest.mark.parametrize("status", [207, 301, 302, 303, 307, 308, 400, 404, 405])
async def test_the_well_known_address_may_answer_in_any_way(status: int) -> None:
    async with a_service(well_known_status=status) as service:
        account = await service.account()

        assert account.identity == f"{service.url}/principals/ada/ ada"


async def test_a_redirected_question_stays_the_same_question() -> None:
    async with a_service(well_known_status=302) as service:
        await service.account()

        asked = [(request.method, request.depth) for request in service.simulator.log]
        assert asked == [("PROPFIND", "0"), ("PROPFIND", "0"), ("PROPFIND", "0"), ("PROPFIND", "1")]


async def test_a_home_below_the_typed_host_is_used(internet: Internet) -> None:
    internet.simulator.quirks.home_origin = internet.url("caldav.example.test")

    await internet.connect(internet.url("example.test"))

    assert hosts_shown_the_password(internet.simulator) == {"example.test", "caldav.example.test"}


async def test_a_home_on_a_partition_of_a_trusted_service_is_used(internet: Internet) -> None:
    """As iCloud does it; later hrefs may name the one host or the other."""
    internet.simulator.quirks.home_origin = internet.url("p07-caldav.cloud.test")
    internet.simulator.quirks.href_origin = internet.url("caldav.cloud.test")
    calendar = internet.simulator.store.users[USER].calendars["work"]
    calendar.put("a.ics", "BEGIN:VCALENDAR\r\n" + Meeting("a").icalendar() + "END:VCALENDAR\r\n")
    provider = internet.provider()

    account = await provider.connect(credentials(internet.url("caldav.cloud.test")))
    async with provider.open(account) as client:
        listed = [calendar async for calendar in client.calendars()]

    assert [calendar.remote_id for calendar in listed] == ["/ada/work/"]
    assert hosts_shown_the_password(internet.simulator) == {"caldav.cloud.test", "p07-caldav.cloud.test"}


@pytest.mark.parametrize("quirk", ["home_origin", "principal_origin"])
async def test_a_strangers_host_is_never_shown_the_password(internet: Internet, quirk: str) -> None:
    internet.simulator.quirks.change(**{quirk: internet.url("evil.test")})

    with pytest.raises(AddressRefused):
        await internet.connect(internet.url("example.test"))

    assert hosts_shown_the_password(internet.simulator) == {"example.test"}


async def test_a_redirect_to_a_strangers_host_does_not_blame_the_password(internet: Internet) -> None:
    location = ("Location", f"{internet.url('evil.test')}/")
    internet.simulator.faults.plan(Fault(path="/.well-known", status=302, headers=(location,)))
    internet.simulator.faults.plan(Fault(path="/", status=404, skip=1))

    with pytest.raises(AddressRefused) as refused:
        await internet.connect(internet.url("example.test"))

    assert "another host" in refused.value.message
    assert hosts_shown_the_password(internet.simulator) == {"example.test"}


async def test_a_server_wrong_about_its_own_scheme_is_asked_with_encryption(internet: Internet) -> None:
    internet.simulator.quirks.change(
        home_origin=f"http://example.test:{internet.port}", href_origin="http://example.test"
    )

    account = await internet.connect(internet.url("example.test"))

    assert account.identity.startswith("https:")


async def test_a_home_on_another_port_of_the_host_is_used() -> None:
    async with a_service() as service, serving(service.simulator, host=HOST) as elsewhere:
        service.simulator.quirks.home_origin = elsewhere
        service.put("a")

        assert (await service.read()).uids == {"a"}


async def test_a_calendar_without_principal_and_home_is_an_account_of_its_own() -> None:
    async with a_service(names_no_principal=True) as service:
        service.put("a")
        account = await service.provider.connect(credentials(f"{service.url}/ada/work/"))

        async with service.provider.open(account) as client:
            assert [calendar.remote_id async for calendar in client.calendars()] == ["/ada/work/"]
        assert account.identity == f"{service.url}/ada/work/ ada"


# What leads nowhere


async def test_a_web_server_without_caldav_is_no_caldav_server() -> None:
    async with listening(ok(b"<html>")) as web:
        with pytest.raises(AddressRefused, match="no CalDAV server"):
            await CalDavProvider(a_transport(), look_up=no_services).connect(credentials(web.url))


async def test_a_server_without_a_principal_is_no_caldav_server() -> None:
    async with a_service(names_no_principal=True) as service:
        with pytest.raises(AddressRefused, match="no CalDAV server"):
            await service.account()


@pytest.mark.parametrize("typed", ["http://127.0.0.1:9/", "https://[::1", "nonsense", "file:///etc/passwd", "://"])
async def test_what_is_no_public_address_is_refused(typed: str) -> None:
    with pytest.raises(AddressRefused):
        await CalDavProvider(a_transport(resolve=names({})), look_up=no_services).connect(credentials(typed))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=500, times=100), Unavailable),
        (Fault(status=503, times=100), Unavailable),
        (Fault(status=429, headers=(("Retry-After", "60"),), times=100), RateLimited),
        (Fault(status=401, times=100), Disconnected),
        (Fault(status=207, body=hostile.billion_laughs(), times=100), BadResponse),
        (Fault(status=207, body=hostile.wrong_namespace(), times=100), BadResponse),
        (Fault(status=207, body='<multistatus xmlns="DAV:"/>', times=100), BadResponse),
    ],
)
async def test_a_fault_while_connecting_is_called_by_its_name(fault: Fault, error: type[ProviderError]) -> None:
    async with a_service() as service:
        service.simulator.faults.plan(fault)

        with pytest.raises(error):
            await service.account()


# Homes that move


@pytest.mark.parametrize("wraps_not_found", [False, True])
async def test_a_home_that_moved_is_found_again(wraps_not_found: bool) -> None:
    async with a_service(wraps_not_found=wraps_not_found) as service:
        account = await service.account()
        service.simulator.quirks.home_prefix = "/dav/calendars"
        service.simulator.log.clear()

        async with service.provider.open(account) as client:
            assert [calendar.remote_id async for calendar in client.calendars()] == ["/dav/calendars/ada/work/"]


async def test_a_home_that_is_not_found_again_is_not_searched_for_ever() -> None:
    async with a_service() as service:
        account = await service.account()
        service.simulator.faults.plan(Fault(path="/ada/", status=404, times=100))
        service.simulator.log.clear()

        async with service.provider.open(account) as client:
            for _ in range(3):
                with pytest.raises(ProviderError):
                    _ = [calendar async for calendar in client.calendars()]

        assert len(service.simulator.log) < 12
