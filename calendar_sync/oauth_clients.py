"""Which OAuth providers the settings give client credentials for, and where these send users back to."""

from collections.abc import Mapping

from pydantic import AnyHttpUrl, SecretStr

from calendar_sync.connections import vendors as known
from calendar_sync.connections.vendors import ClientCredentials, Vendor
from calendar_sync.domain.providers import ProviderName
from calendar_sync.settings import Settings

CALLBACK_PATH = "/v1/meeting-buddy/calendar/oauth/callback"


def redirect_uri(settings: Settings) -> str:
    """What the operator registers at every provider's console."""
    return f"{_base(settings.public_url)}{CALLBACK_PATH}"


def vendors(settings: Settings) -> Mapping[ProviderName, Vendor]:
    """Those with a client id and a client secret; Microsoft also without the secret, as a public client."""
    found: list[Vendor] = []
    if client := _client(settings.google_client_id, settings.google_client_secret):
        found.append(
            known.google(
                client,
                authorize_url=str(settings.google_authorize_url),
                token_url=str(settings.google_token_url),
                revoke_url=str(settings.google_revoke_url),
                api_url=_base(settings.google_api_url),
            )
        )
    if settings.microsoft_client_id:
        client = ClientCredentials(settings.microsoft_client_id, settings.microsoft_client_secret)
        login_url, api_url = _base(settings.microsoft_login_url), _base(settings.microsoft_api_url)
        tenant = settings.microsoft_tenant
        found.append(known.microsoft(client, login_url=login_url, tenant=tenant, api_url=api_url))
    if client := _client(settings.zoom_client_id, settings.zoom_client_secret):
        login_url, api_url = _base(settings.zoom_login_url), _base(settings.zoom_api_url)
        found.append(known.zoom(client, login_url=login_url, api_url=api_url))
    return {vendor.provider: vendor for vendor in found}


def _client(id: str | None, secret: SecretStr | None) -> ClientCredentials | None:
    return ClientCredentials(id, secret) if id and secret else None


def _base(url: AnyHttpUrl) -> str:
    return str(url).rstrip("/")
