"""The way by a provider's consent page: who may go it, once, and what is kept at its end."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from calendar_sync.connections import vendors
from calendar_sync.connections.oauth import AuthorizationRequired, Callback
from calendar_sync.connections.vendors import ClientCredentials, Vendor
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.errors import BadResponse, ConsentFailed, RateLimited, Unavailable
from calendar_sync.domain.providers import ProviderName
from calendar_sync.store.database import Database
from calendar_sync.store.sealed_accounts import unseal
from simulators.google.scopes import SCOPE
from simulators.server import serving
from tests.builders import an_actor
from tests.connections.token_server import TokenServer, an_id_token
from tests.connections.world import (
    CLIENT,
    CLIENT_SECRET,
    KEYRING,
    REDIRECT,
    AtGoogle,
    a_process,
    at_google,
    consented,
    on_one_database,
)

LISTS = f"{SCOPE}calendar.calendarlist.readonly"
EVENTS = f"{SCOPE}calendar.events.readonly"


@pytest.fixture
async def google(database: Database) -> AsyncGenerator[AtGoogle]:
    async with at_google(database) as google:
        yield google


@on_one_database
async def test_the_user_is_sent_to_the_provider_with_all_that_protects_the_way(google: AtGoogle) -> None:
    required = await google.begin()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(required.authorization_url).query).items()}

    assert (
        asked.items()
        >= {
            "client_id": "client",
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "state": required.state,
            "scope": f"openid email {LISTS} {EVENTS}",
            "access_type": "offline",
            "prompt": "consent",
            "code_challenge_method": "S256",
        }.items()
    )
    assert len(required.state) == len(asked["code_challenge"]) == 43
    assert (await google.begin()).state != required.state


async def test_an_account_that_is_allowed_is_connected(google: AtGoogle) -> None:
    overview = await google.connect()

    connection = overview.connection
    assert (connection.account_email, connection.status) == ("ada@example.com", ConnectionStatus.ACTIVE)
    assert await google.listed() == [connection]
    async with google.process.database.begin(write=False) as tx:
        account = unseal(KEYRING, connection.id, await tx.connections.ciphertext(connection.id))
    assert account.identity == google.ada.subject
    assert {"access_token", "refresh_token", "refresh_at", "scope"} == set(account.credentials)


async def test_a_second_consent_for_the_same_account_keeps_the_connection_and_makes_it_active(google: AtGoogle) -> None:
    first = (await google.connect()).connection
    async with google.process.database.begin() as tx:
        await tx.connections.mark(first.id, ConnectionStatus.RECONNECT_REQUIRED, "Token expired, please reconnect")

    second = (await google.connect()).connection

    assert second == first
    assert await google.listed() == [first]


async def test_another_account_is_another_connection(google: AtGoogle) -> None:
    await google.connect()
    google.simulator.add_account("bob@example.com")
    found = await google.process.connections.start(
        google.actor, ProviderName.GOOGLE_CALENDAR, {"login_hint": "bob@example.com"}
    )
    assert isinstance(found, AuthorizationRequired)
    await google.process.connections.complete(await consented(found))

    assert [one.account_email for one in await google.listed()] == ["ada@example.com", "bob@example.com"]


async def test_an_account_of_two_users_is_a_connection_of_each(google: AtGoogle) -> None:
    eve = await an_actor(google.process.database, "eve@example.com")

    assert (await google.connect()).connection.id != (await google.connect(eve)).connection.id


@on_one_database
@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"state": ""},
        {"state": "unknown"},
        {"state": "\udcff"},
        {"code": None},
        {"code": ""},
        {"code": "x" * 5000},
        {"issuer": "https://evil.example"},
        {"error": "access_denied"},
        {"error": "access_denied", "code": None},
        {"error": "admin_policy_enforced"},
        {"error": "<script>"},
    ],
)
async def test_a_callback_that_does_not_fit_calls_nobody_and_connects_nothing(
    google: AtGoogle, changes: dict[str, str | None]
) -> None:
    returned = await consented(await google.begin())

    with pytest.raises(ConsentFailed) as refusal:
        await google.process.connections.complete(replace(returned, **changes))  # type: ignore[arg-type] # its fields

    assert "<" not in refusal.value.message
    assert (google.token_calls, await google.listed()) == (0, [])


@on_one_database
async def test_the_issuer_may_name_itself(google: AtGoogle) -> None:
    google.simulator.quirks.names_issuer = True

    returned = await consented(await google.begin())

    assert returned.issuer == "https://accounts.google.com"
    assert (await google.process.connections.complete(returned)).connection.account_email == "ada@example.com"


async def test_a_state_serves_once_also_when_it_led_to_nothing(google: AtGoogle) -> None:
    returned = await consented(await google.begin())
    with pytest.raises(ConsentFailed):
        await google.process.connections.complete(replace(returned, error="access_denied"))

    with pytest.raises(ConsentFailed):
        await google.process.connections.complete(returned)

    assert (google.token_calls, await google.listed()) == (0, [])


async def test_of_two_callbacks_at_once_one_connects(google: AtGoogle) -> None:
    returned = await consented(await google.begin())

    outcomes = await asyncio.gather(
        *(google.process.connections.complete(returned) for _ in range(4)), return_exceptions=True
    )

    assert sorted(isinstance(outcome, ConsentFailed) for outcome in outcomes) == [False, True, True, True]
    assert google.token_calls == 1


async def test_a_state_lives_ten_minutes(google: AtGoogle) -> None:
    late, in_time = await consented(await google.begin()), await google.begin()
    google.process.clock.advance(timedelta(minutes=10))

    with pytest.raises(ConsentFailed):
        await google.process.connections.complete(late)

    assert google.token_calls == 0
    assert (await google.begin()).state != in_time.state
    async with google.process.database.begin(write=False) as tx:
        left = await tx.connection.exec_driver_sql("SELECT count(*) FROM oauth_consents")
    assert left.scalar_one() == 1


async def test_another_user_cannot_use_a_state_and_does_not_use_it_up(google: AtGoogle) -> None:
    eve = await an_actor(google.process.database, "eve@example.com")
    returned = await consented(await google.begin())

    with pytest.raises(ConsentFailed):
        await google.process.connections.complete(replace(returned, caller=eve))
    assert google.token_calls == 0

    await google.process.connections.complete(replace(returned, caller=google.actor))
    assert [one.user_id for one in await google.listed()] == [google.actor.user_id]


async def test_a_code_that_was_used_already_connects_nothing(google: AtGoogle) -> None:
    first, second = await consented(await google.begin()), await google.begin()
    connected = await google.process.connections.complete(first)

    with pytest.raises(ConsentFailed, match="code"):
        await google.process.connections.complete(replace(first, state=second.state))

    assert await google.listed() == [connected.connection]


@on_one_database
async def test_a_code_of_another_consent_page_is_of_no_use(google: AtGoogle) -> None:
    """An attacker's code in a victim's callback: the verifier of the one does not open the other."""
    attackers, victims = await consented(await google.begin()), await consented(await google.begin())

    with pytest.raises(ConsentFailed):
        await google.process.connections.complete(replace(victims, code=attackers.code))

    assert await google.listed() == []


@on_one_database
@pytest.mark.parametrize(
    ("unticked", "words"),
    [
        ((EVENTS,), "view events on your calendars"),
        ((LISTS,), "see the list of your calendars"),
        ((LISTS, EVENTS), "see the list of your calendars and view events on your calendars"),
    ],
)
async def test_a_permission_that_was_not_given_is_named_and_nothing_is_stored(
    google: AtGoogle, unticked: tuple[str, ...], words: str
) -> None:
    google.simulator.quirks.unticked_scopes = unticked

    with pytest.raises(ConsentFailed) as refusal:
        await google.connect()

    assert refusal.value.message == (
        f"Google was not allowed to let us {words}. Connect the account again, and leave everything ticked on the "
        "page that asks."
    )
    assert await google.listed() == []


async def test_fewer_permissions_the_second_time_leave_the_first_connection_as_it_is(google: AtGoogle) -> None:
    connected = (await google.connect()).connection
    async with google.process.database.begin(write=False) as tx:
        before = await tx.connections.ciphertext(connected.id)
    google.simulator.authority.consents.clear()
    google.simulator.quirks.unticked_scopes = (EVENTS,)

    with pytest.raises(ConsentFailed):
        await google.connect()

    async with google.process.database.begin(write=False) as tx:
        assert await tx.connections.ciphertext(connected.id) == before


@on_one_database
async def test_our_wrong_client_secret_is_told_to_the_operator_and_not_blamed_on_the_user(
    google: AtGoogle, caplog: pytest.LogCaptureFixture
) -> None:
    google.simulator.authority.clients["client"].secret = "another"

    with pytest.raises(Unavailable) as error:
        await google.connect()

    assert error.value.message == "This server cannot sign in to Google just now; its operator has been told."
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.__dict__["oauth_error"] == "invalid_client"
    assert "canary" not in caplog.text
    assert await google.listed() == []


# Microsoft and Zoom


def a_microsoft(url: str) -> Vendor:
    return vendors.microsoft(CLIENT, login_url=url, tenant="common", api_url=f"{url}/v2")


def a_google(url: str) -> Vendor:
    addresses = {"authorize_url": url, "token_url": f"{url}/oauth/token", "revoke_url": f"{url}/oauth/revoke"}
    return vendors.google(CLIENT, api_url=f"{url}/v2", **addresses)


def a_zoom(url: str) -> Vendor:
    return vendors.zoom(CLIENT, login_url=url, api_url=f"{url}/v2")


CLAIMS = {"aud": "client", "tid": "t", "oid": "o", "sub": "s", "preferred_username": "ada@example.com"}
MICROSOFT = {
    "scope": "https://graph.microsoft.com/Calendars.Read https://graph.microsoft.com/User.Read profile openid email",
    "id_token": an_id_token(**CLAIMS),
}


async def connected(database: Database, server: TokenServer, vendor: Vendor) -> tuple[str, str | None]:
    """The identity and e-mail address of an account that is allowed at the server."""
    actor = await an_actor(database)
    async with a_process(database, vendor) as process:
        required = await process.oauth.begin(actor, vendor.provider)
        _, connection = await process.oauth.complete(Callback(required.state, "a-code"))
        async with database.begin(write=False) as tx:
            account = unseal(KEYRING, connection.id, await tx.connections.ciphertext(connection.id))
        return account.identity, connection.account_email


@on_one_database
async def test_a_microsoft_account_is_known_by_its_tenant_and_object(database: Database) -> None:
    server = TokenServer(more=MICROSOFT)
    async with serving(server.app) as url:
        assert await connected(database, server, a_microsoft(url)) == ("t/o", "ada@example.com")

    (asked,) = server.asked
    assert asked.basic is None
    assert (
        asked.form.items()
        >= {
            "grant_type": "authorization_code",
            "code": "a-code",
            "redirect_uri": REDIRECT,
            "client_id": "client",
            "client_secret": CLIENT_SECRET,
            "scope": "openid email profile offline_access User.Read Calendars.Read",
        }.items()
    )
    assert len(asked.form["code_verifier"]) == 64


@on_one_database
async def test_a_google_account_that_comes_without_an_id_token_is_known_by_its_calendar(database: Database) -> None:
    server = TokenServer(more={"scope": f"openid email {LISTS} {EVENTS}"}, user={"id": "ada@example.com"})
    async with serving(server.app) as url:
        assert await connected(database, server, a_google(url)) == ("ada@example.com", "ada@example.com")


@on_one_database
async def test_a_microsoft_account_that_comes_without_an_id_token_says_itself_who_it_is(database: Database) -> None:
    server = TokenServer(more={"scope": "Calendars.Read"}, user={"id": "o-1", "mail": "ada@example.com"})
    async with serving(server.app) as url:
        assert await connected(database, server, a_microsoft(url)) == ("o-1", "ada@example.com")


@on_one_database
async def test_a_public_client_of_microsoft_sends_no_secret(database: Database) -> None:
    server = TokenServer(more=MICROSOFT)
    async with serving(server.app) as url:
        await connected(database, server, replace(a_microsoft(url), client=ClientCredentials("client", None)))

    (asked,) = server.asked
    assert asked.form["client_id"] == "client"
    assert "client_secret" not in asked.form
    assert asked.basic is None


@on_one_database
async def test_a_zoom_account_says_itself_who_it_is_and_its_client_shows_its_secret_by_basic(
    database: Database,
) -> None:
    server = TokenServer(more={"scope": "meeting:read:meeting meeting:read:list_meetings user:read:user"})
    async with serving(server.app) as url:
        assert await connected(database, server, a_zoom(url)) == ("z-1", "ada@example.com")

    (asked,) = server.asked
    assert asked.basic == f"client:{CLIENT_SECRET}"
    assert "client_secret" not in asked.form


@on_one_database
@pytest.mark.parametrize("scope", ["meeting:read user:read", "meeting:read:admin,user:read:admin", None])
async def test_scopes_of_zoom_may_be_classic_ones_or_those_of_an_admin_or_untold(
    database: Database, scope: str | None
) -> None:
    server = TokenServer(more={"scope": scope} if scope else {})
    async with serving(server.app) as url:
        assert (await connected(database, server, a_zoom(url)))[0] == "z-1"


@on_one_database
@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"scope": "openid profile User.Read"}, ConsentFailed, "read your calendars"),
        ({"refresh_token": ""}, ConsentFailed, "for a moment only"),
        ({"id_token": an_id_token(**{**CLAIMS, "aud": "another"})}, BadResponse, "cannot be understood"),
        ({"id_token": "x"}, BadResponse, "cannot be understood"),
        ({"id_token": "x.!.x"}, BadResponse, "cannot be understood"),
        ({"id_token": an_id_token(aud="client")}, BadResponse, "whose account"),
        ({"access_token": None}, BadResponse, "cannot be understood"),
        ({"access_token": "two\nlines"}, BadResponse, "cannot be understood"),
    ],
)
async def test_a_grant_that_cannot_be_used_is_refused(
    database: Database, more: dict[str, object], error: type[Exception], words: str
) -> None:
    server = TokenServer(more={**MICROSOFT, **more})
    async with serving(server.app) as url:
        with pytest.raises(error, match=words):
            await connected(database, server, a_microsoft(url))


@on_one_database
@pytest.mark.parametrize(
    ("status", "word", "error"),
    [
        (400, "invalid_grant", ConsentFailed),
        (400, "interaction_required", ConsentFailed),
        (400, "temporarily_unavailable", Unavailable),
        (503, "", Unavailable),
        (429, "", RateLimited),
        (400, "", BadResponse),
        (400, "unauthorized_client", Unavailable),
    ],
)
async def test_a_refusal_of_a_code_says_what_to_do(
    database: Database, status: int, word: str, error: type[Exception]
) -> None:
    server = TokenServer()
    server.refuse(word, status)
    async with serving(server.app) as url:
        with pytest.raises(error):
            await connected(database, server, a_zoom(url))
