"""Passwords: asked for by field, shown in the way the server wants, refused in one clear sentence."""

from pathlib import Path

import pytest

from calendar_sync.domain.errors import AddressRefused, Disconnected, Invalid
from providers.caldav.provider import CalDavProvider
from providers.guard import parse_networks
from tests.providers.caldav.builders import PASSWORD, USER, a_service, credentials, no_services
from tests.providers.caldav.servers import radicale_with_passwords
from tests.providers.contract import read, the_calendar
from tests.providers.loopback import a_transport

WHOLE = {"url": "example.com", "username": USER, "password": PASSWORD}


@pytest.mark.parametrize("field", ["url", "username", "password"])
@pytest.mark.parametrize("value", [None, "", "  ", "a\nb"])
async def test_a_field_that_is_missing_or_odd_is_named(field: str, value: str | None) -> None:
    typed = {name: kept for name, kept in {**WHOLE, field: value}.items() if kept is not None}

    with pytest.raises(Invalid) as refused:
        await CalDavProvider(a_transport(), look_up=no_services).connect(typed)

    assert refused.value.field == f"credentials.{field}"


@pytest.mark.parametrize(
    "challenges",
    [
        ('Basic realm="x"',),
        ('X-MobileMe-AuthToken realm="MMCalDav", Basic realm="MMCalDav"',),
        ('X-MobileMe-AuthToken realm="MMCalDav"', 'Basic realm="MMCalDav"'),
        (),
    ],
    ids=["basic", "icloud", "icloud-in-two-headers", "yahoo-without-any"],
)
async def test_whatever_the_challenge_is_basic_was_there_before_it(challenges: tuple[str, ...]) -> None:
    async with a_service(challenges=challenges) as service:
        service.put("a")

        assert (await service.read()).uids == {"a"}
        assert {request.authorization for request in service.simulator.log} == {"Basic"}


async def test_digest_is_spoken_where_it_is_asked_for() -> None:
    async with a_service(auth="digest") as service:
        service.put("a")

        assert (await service.read()).uids == {"a"}
        assert service.simulator.log[-1].authorization == "Digest"


@pytest.mark.parametrize("auth", ["basic", "digest"])
async def test_a_wrong_password_is_refused_at_once_and_in_words(auth: str) -> None:
    async with a_service(auth=auth) as service:
        with pytest.raises(Disconnected) as refused:
            await service.provider.connect({**credentials(service.url), "password": "wrong"})

        assert refused.value.message == "The server refused the username or password."
        assert len([request for request in service.simulator.log if request.status == 401]) <= 2


async def test_a_password_with_letters_beyond_ascii_is_understood() -> None:
    async with a_service() as service:
        service.simulator.store.users[USER].password = "Grüße: 你好"

        await service.provider.connect({**credentials(service.url), "password": "Grüße: 你好"})


async def test_a_password_is_not_sent_in_the_clear_beyond_allowed_networks() -> None:
    async with a_service() as service:
        provider = CalDavProvider(a_transport(allowed_networks=()), look_up=no_services)

        with pytest.raises(AddressRefused):
            await provider.connect(credentials(service.url))

        assert service.simulator.log == []


async def test_a_password_inside_the_address_belongs_in_its_field() -> None:
    async with a_service() as service:
        with pytest.raises(AddressRefused, match="own fields"):
            await service.provider.connect(credentials(service.url.replace("://", "://ada:secret@")))


async def test_a_password_changed_in_mid_run_ends_it_without_asking_again() -> None:
    async with a_service() as service:
        service.put("a")
        async with service.client() as client:
            calendar = await the_calendar(client)
            service.simulator.store.users[USER].password = "changed"
            service.simulator.log.clear()

            with pytest.raises(Disconnected):
                await read(client, calendar)

        assert len(service.simulator.log) == 1


async def test_radicale_with_passwords_of_its_own(tmp_path: Path) -> None:
    with radicale_with_passwords(tmp_path, {USER: PASSWORD}) as url:
        provider = CalDavProvider(a_transport(allowed_networks=parse_networks(["127.0.0.0/8"])), look_up=no_services)
        account = await provider.connect(credentials(url))

        assert account.identity == f"{url}/ada/ ada"
        with pytest.raises(Disconnected):
            await provider.connect({**credentials(url), "password": "wrong"})
