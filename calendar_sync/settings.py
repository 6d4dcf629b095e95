"""Settings, read from the environment. Never instantiated at import: `Settings()` is made by an entry point."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """What the operator decides. Each field is the environment variable `CALENDAR_SYNC_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="CALENDAR_SYNC_", frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    database_url: str = Field(
        default="sqlite+aiosqlite:///calendar-sync.db",
        description="Where the store is: `sqlite+aiosqlite:///PATH` or `postgresql+asyncpg://…`.",
    )
    database_connections: int = Field(
        default=10, ge=2, le=1000, description="How many connections to PostgreSQL each process opens at most."
    )
    public_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://127.0.0.1:8000"),
        description="Where browsers and providers reach the server.",
    )
    encryption_keys: SecretStr | None = Field(
        default=None,
        description="Comma-separated keys, each 32 bytes in URL-safe base64; the first encrypts, all decrypt. "
        "Made once beside the SQLite file when absent; required on PostgreSQL.",
    )
    sync_interval_seconds: int = Field(
        default=300, ge=1, le=86_400, description="How often a connection is synced whose provider does not push."
    )
    sync_window_past_days: int = Field(
        default=30, ge=0, le=3650, description="How many days back occurrences are kept for."
    )
    sync_window_future_days: int = Field(
        default=365, ge=1, le=1460, description="How many days ahead occurrences are kept for."
    )
    run_history_days: int = Field(
        default=14, ge=1, le=3650, description="How many days the record of a sync is kept; the latest one always is."
    )
    webhook_history_days: int = Field(
        default=30, ge=1, le=3650, description="How many days webhooks and their attempts are kept once delivered."
    )
    change_history_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="How many days the record of changes is kept: how far back cursors of the change feed can be "
        "followed, and events be seen as they were.",
    )
    allowed_private_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated networks that addresses typed by users may reach although they are not public.",
    )
    apple_caldav_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://caldav.icloud.com/"), description="Apple's CalDAV server."
    )
    google_client_id: str | None = Field(default=None, description="Of the OAuth client at Google's Cloud Console.")
    google_client_secret: SecretStr | None = Field(default=None, description="Of the same OAuth client.")
    google_api_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://www.googleapis.com/calendar/v3"), description="Google's Calendar API."
    )
    google_authorize_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://accounts.google.com/o/oauth2/v2/auth"), description="Google's consent page."
    )
    google_token_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://oauth2.googleapis.com/token"), description="Where Google gives tokens."
    )
    google_revoke_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://oauth2.googleapis.com/revoke"), description="Where Google ends them."
    )
    google_requests_per_minute: int = Field(
        default=10_000, ge=1, description="Requests a minute that the Cloud project may send, over all accounts."
    )
    google_requests_per_minute_per_user: int = Field(
        default=600, ge=1, description="Requests a minute for one Google account."
    )
    microsoft_client_id: str | None = Field(default=None, description="Of the app registration at Microsoft Entra.")
    microsoft_client_secret: SecretStr | None = Field(
        default=None, description="Of the same app registration; none for a public client."
    )
    microsoft_tenant: str = Field(
        default="common",
        pattern=r"^[A-Za-z0-9.-]+$",
        description="`common`, `organizations`, `consumers`, or one tenant's id or domain.",
    )
    microsoft_api_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://graph.microsoft.com/v1.0"), description="Microsoft Graph."
    )
    microsoft_login_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://login.microsoftonline.com"),
        description="Microsoft's sign-in; `/{tenant}/oauth2/v2.0/…` follows.",
    )
    microsoft_requests_per_second: int = Field(
        default=2_000, ge=1, description="Requests a second that the app registration may send, over all mailboxes."
    )
    microsoft_requests_per_10_minutes_per_mailbox: int = Field(
        default=10_000, ge=1, description="Requests in ten minutes for one mailbox."
    )
    microsoft_concurrent_requests_per_mailbox: int = Field(
        default=4, ge=1, description="Requests for one mailbox that are under way at a time."
    )
    zoom_client_id: str | None = Field(default=None, description="Of the app at Zoom's Marketplace.")
    zoom_client_secret: SecretStr | None = Field(default=None, description="Of the same app.")
    zoom_api_url: AnyHttpUrl = Field(default=AnyHttpUrl("https://api.zoom.us/v2"), description="Zoom's API.")
    zoom_login_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://zoom.us"), description="Zoom's sign-in; `/oauth/…` follows."
    )
    zoom_light_requests_per_second: int = Field(
        default=30,
        ge=1,
        description='Requests a second of Zoom\'s label "light" for one account: 30 on Pro, 4 on the free plan (and '
        "6,000 a day), 80 on Business and above.",
    )
    zoom_medium_requests_per_second: int = Field(
        default=20,
        ge=1,
        description='Requests a second of the label "medium" for one account: 20 on Pro, 2 on the free plan (and 2,000 '
        "a day), 60 on Business and above.",
    )
    oidc_issuer: str | None = Field(default=None, description="Accept access tokens of this issuer.")
    oidc_audience: str | None = Field(default=None, description="The audience its tokens must be meant for.")
    oidc_jwks_url: AnyHttpUrl | None = Field(
        default=None, description="Where its signing keys are; by default, what its discovery document says."
    )
    graphiql: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="GraphiQL in a browser at `/graphql`: `auto` shows it where `PUBLIC_URL` is this machine.",
    )
    rate_limit_per_minute: int = Field(
        default=1000, ge=1, description="Requests a minute that one user may send; `429` beyond."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="How much to log.")

    @field_validator("allowed_private_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return [ip_network(part.strip()) for part in value.split(",") if part.strip()]
        except ValueError as err:
            raise ValueError("must be comma-separated networks such as 127.0.0.0/8,::1/128") from err

    @field_validator("database_url")
    @classmethod
    def _is_supported(cls, value: str) -> str:
        try:
            driver = make_url(value).drivername
        except (ArgumentError, ValueError):  # the second: a port that is no number
            driver = ""
        if driver not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
            raise ValueError("must be sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER:PASSWORD@HOST:PORT/NAME")
        return value

    @property
    def sync_interval(self) -> timedelta:
        return timedelta(seconds=self.sync_interval_seconds)

    @property
    def run_history(self) -> timedelta:
        return timedelta(days=self.run_history_days)

    @property
    def webhook_history(self) -> timedelta:
        return timedelta(days=self.webhook_history_days)

    @property
    def change_history(self) -> timedelta:
        return timedelta(days=self.change_history_days)

    @property
    def window_past(self) -> timedelta:
        return timedelta(days=self.sync_window_past_days)

    @property
    def window_future(self) -> timedelta:
        return timedelta(days=self.sync_window_future_days)

    @property
    def sqlite_path(self) -> Path | None:
        """The SQLite file, or `None` on PostgreSQL."""
        url = make_url(self.database_url)
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
