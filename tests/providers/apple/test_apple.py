"""Apple's calendars: an account by CalDAV with an app-specific password, or a published calendar as a feed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import pytest

from calendar_sync.domain.errors import AddressRefused, Disconnected, Invalid
from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.apple.provider import AppleProvider
from providers.caldav.provider import CalDavProvider, hosts_of
from providers.guard import parse_networks
from simulators.caldav.app import CalDavSimulator
from simulators.server import serving
from tests.providers.caldav.builders import an_object, no_services
from tests.providers.contract import Meeting, read, the_calendar
from tests.providers.loopback import HOST, a_transport

APPLE_ID = "ada@icloud.example"
PASSWORD = "abcd-efgh-ijkl-mnop"


@dataclass(slots=True)
class Feeds:
    """A provider of feeds that takes one address and remembers what it was asked to open."""

    opened: list[Account] = field(default_factory=list)

    @property
    def name(self) -> ProviderName:
        return ProviderName.ICS

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        if not credentials["url"].startswith("webcal:"):
            raise Invalid("This is not a feed.", field="credentials.url")
        return Account(credentials["url"], None, credentials)

    def open(self, account: Account) -> AbstractAsyncContextManager[ProviderClient]:
        self.opened.append(account)
        raise Disconnected


@dataclass(slots=True)
class ICloud:
    """The simulator as Apple's server: its challenge, and homes on a host of their own."""

    simulator: CalDavSimulator
    feeds: Feeds
    provider: AppleProvider

    async def connect(self, **credentials: str) -> Account:
        return await self.provider.connect(credentials)


@pytest.fixture
async def icloud() -> AsyncIterator[ICloud]:
    simulator, feeds = CalDavSimulator(), Feeds()
    simulator.add_user(APPLE_ID, PASSWORD, APPLE_ID).add_calendar("home").put("a.ics", an_object(Meeting("a")))
    async with serving(simulator, host=HOST) as url, serving(simulator, host=HOST) as partition:
        simulator.quirks.change(
            challenges=('X-MobileMe-AuthToken realm="MMCalDav", Basic realm="MMCalDav"',),
            home_origin=partition,
            lists_itself=True,
            expired_status=412,
            expired_content_type="text/plain",
        )
        caldav = CalDavProvider(a_transport(), look_up=no_services)
        yield ICloud(simulator, feeds, AppleProvider(caldav, feeds, url))


async def test_an_account_is_read_by_caldav(icloud: ICloud) -> None:
    account = await icloud.connect(apple_id=APPLE_ID, app_specific_password=PASSWORD)

    async with icloud.provider.open(account) as client:
        assert (await read(client, await the_calendar(client))).uids == {"a"}
    assert account.email == APPLE_ID
    assert icloud.provider.name is ProviderName.APPLE_CALENDAR


@pytest.mark.parametrize("typed", ["abcdefghijklmnop", "abcd efgh ijkl mnop", " ABCD-efgh-ijkl-mnop "])
async def test_an_app_specific_password_may_be_typed_as_people_do(icloud: ICloud, typed: str) -> None:
    account = await icloud.connect(apple_id=f" {APPLE_ID} ", app_specific_password=typed)

    assert account == await icloud.connect(apple_id=APPLE_ID, app_specific_password=PASSWORD)


@pytest.mark.parametrize(
    "typed", ["correct horse", "abcd-efgh-ijkl", "abcd-efgh-ijkl-mnop-qrst", "Pa$$-word-0123-4567"]
)
async def test_the_accounts_own_password_is_not_even_sent(icloud: ICloud, typed: str) -> None:
    with pytest.raises(Invalid, match="app-specific") as refused:
        await icloud.connect(apple_id=APPLE_ID, app_specific_password=typed)

    assert refused.value.field == "credentials.app_specific_password"
    assert icloud.simulator.log == []


@pytest.mark.parametrize("missing", ["apple_id", "app_specific_password"])
@pytest.mark.parametrize("value", [None, "", " "])
async def test_what_is_missing_is_named(icloud: ICloud, missing: str, value: str | None) -> None:
    typed = {"apple_id": APPLE_ID, "app_specific_password": PASSWORD, missing: value}

    with pytest.raises(Invalid) as refused:
        await icloud.connect(**{name: kept for name, kept in typed.items() if kept is not None})

    assert refused.value.field == f"credentials.{missing}"


async def test_an_odd_apple_id_is_named_as_the_user_knows_it(icloud: ICloud) -> None:
    with pytest.raises(Invalid) as refused:
        await icloud.connect(apple_id="ada\x00@icloud.example", app_specific_password=PASSWORD)

    assert refused.value.field == "credentials.apple_id"


async def test_a_refused_password_says_what_to_do(icloud: ICloud) -> None:
    with pytest.raises(Disconnected, match=r"account\.apple\.com"):
        await icloud.connect(apple_id=APPLE_ID, app_specific_password="zzzz-zzzz-zzzz-zzzz")


async def test_a_published_calendar_is_a_feed(icloud: ICloud) -> None:
    account = await icloud.connect(ical_url="webcal://p1-caldav.icloud.example/published/2/x")

    with pytest.raises(Disconnected):
        icloud.provider.open(account)

    assert icloud.feeds.opened == [account]
    assert account.identity == "feed:webcal://p1-caldav.icloud.example/published/2/x"
    assert icloud.simulator.log == []


async def test_a_feeds_address_is_named_as_the_user_knows_it(icloud: ICloud) -> None:
    with pytest.raises(Invalid) as refused:
        await icloud.connect(ical_url="nonsense")

    assert refused.value.field == "credentials.ical_url"


async def test_an_account_and_a_feed_are_two_connections(icloud: ICloud) -> None:
    with pytest.raises(Invalid):
        await icloud.connect(apple_id=APPLE_ID, app_specific_password=PASSWORD, ical_url="webcal://x.example/")


async def test_nothing_at_all_asks_for_the_account(icloud: ICloud) -> None:
    with pytest.raises(Invalid) as refused:
        await icloud.connect()

    assert refused.value.field == "credentials.apple_id"


async def test_a_home_far_from_apple_is_not_shown_the_password(icloud: ICloud) -> None:
    async with serving(icloud.simulator, host="127.0.0.3") as elsewhere:
        icloud.simulator.quirks.home_origin = elsewhere

        with pytest.raises(AddressRefused):
            await icloud.connect(apple_id=APPLE_ID, app_specific_password=PASSWORD)


async def test_an_operators_server_in_apples_place_is_believed_about_its_homes(icloud: ICloud) -> None:
    transport = a_transport(allowed_networks=parse_networks(["127.0.0.0/8"]))
    async with serving(icloud.simulator, host="127.0.0.3") as elsewhere:
        icloud.simulator.quirks.home_origin = elsewhere
        caldav = CalDavProvider(transport, trusted=hosts_of(icloud.provider.server), look_up=no_services)
        provider = AppleProvider(caldav, icloud.feeds, icloud.provider.server)

        account = await provider.connect({"apple_id": APPLE_ID, "app_specific_password": PASSWORD})

        async with provider.open(account) as client:
            assert (await read(client, await the_calendar(client))).uids == {"a"}


def test_apples_own_server_stays_among_its_own_hosts() -> None:
    assert hosts_of("https://caldav.icloud.com/") == ("*.icloud.com", "*.icloud.com.cn")
