"""Asks the OAuth endpoints of providers, and says what their refusals mean to us.

The addresses are the operator's settings, never a user's, and no redirect is followed. Nothing that is sent or answered
here is logged but the provider's short word for an error.
"""

import asyncio
import json
import logging
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from calendar_sync.connections.grants import Grant
from calendar_sync.connections.vendors import Claims, Vendor
from calendar_sync.domain.errors import BadResponse, ProviderError, RateLimited, Unavailable
from calendar_sync.domain.providers import ProviderName

_log = logging.getLogger(__name__)

_DEADLINE = 15.0
_REVOKE_DEADLINE = 5.0
_MOST_BYTES = 256 * 1024
_LONGEST_WAIT = timedelta(hours=1)
OPERATOR_PAUSE = timedelta(minutes=1)
"""How long a provider is left alone after it refused our own client credentials."""

_GRANT_IS_DEAD = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
_PASSING = frozenset({"temporarily_unavailable", "server_error"})
_WORD = re.compile(r"[a-z_]{1,40}", re.ASCII)


class GrantRefused(Exception):
    """The provider no longer takes the code or the refresh token: only the user can help."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: timedelta | None
    content: Claims

    @property
    def error(self) -> str:
        """The provider's word for it (RFC 6749 §5.2), if it is one."""
        word = self.content.get("error")
        return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`_paused` are the providers that refused our own client credentials, until when they are left alone."""

    http: httpx.AsyncClient
    clock: Callable[[], datetime]
    _paused: dict[ProviderName, datetime] = field(default_factory=dict)

    async def exchange(self, vendor: Vendor, *, code: str, redirect_uri: str, verifier: str) -> Grant:
        """The grant for a code. Raises `GrantRefused` or a `ProviderError`."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return await self._grant(vendor, {**form, "code_verifier": verifier})

    async def refresh(self, vendor: Vendor, refresh_token: str) -> Grant:
        """Raises `GrantRefused` or a `ProviderError`."""
        return await self._grant(vendor, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def user(self, vendor: Vendor, url: str, access_token: str) -> Claims:
        """Who the token is of, where no ID token says so. Raises `ProviderError`."""
        request = self.http.build_request("GET", url, headers={"authorization": f"Bearer {access_token}"})
        answer = await self._send(vendor, request, _DEADLINE)
        if answer.status == 200:
            return answer.content
        raise self._meaning(vendor, answer)

    async def revoke(self, vendor: Vendor, token: str) -> None:
        """Best effort: what fails is logged. A token that is dead already is as good as revoked."""
        if vendor.revoke_url is None:
            return
        try:
            request = self._form(vendor, vendor.revoke_url, {"token": token}, with_client=vendor.basic_auth)
            answer = await self._send(vendor, request, _REVOKE_DEADLINE)
        except ProviderError:
            _log.warning("A token could not be revoked: no answer.", extra={"provider": vendor.provider})
            return
        if answer.status != 200 and answer.error not in {"invalid_token", "invalid_grant"}:
            extra = {"provider": vendor.provider, "status": answer.status, "oauth_error": answer.error}
            _log.warning("A token could not be revoked.", extra=extra)

    async def _grant(self, vendor: Vendor, parameters: Mapping[str, str]) -> Grant:
        if self._paused.get(vendor.provider, self.clock()) > self.clock():
            raise _of_the_operator(vendor)
        scope = {"scope": " ".join(vendor.scopes)} if vendor.sends_scope else {}
        request = self._form(vendor, vendor.token_url, {**parameters, **scope}, with_client=True)
        answer = await self._send(vendor, request, _DEADLINE)
        if answer.status == 200 and not answer.error:
            return Grant.read(answer.content, self.clock())
        if answer.error in _GRANT_IS_DEAD:
            raise GrantRefused(answer.error)
        raise self._meaning(vendor, answer)

    def _form(self, vendor: Vendor, url: str, parameters: Mapping[str, str], *, with_client: bool) -> httpx.Request:
        headers, form = {"accept": "application/json"}, dict(parameters)
        client, secret = vendor.client, vendor.client.secret
        if with_client and vendor.basic_auth and secret is not None:
            shown = b64encode(f"{client.id}:{secret.get_secret_value()}".encode()).decode()
            headers["authorization"] = f"Basic {shown}"
        elif with_client:
            form["client_id"] = client.id
            form |= {} if secret is None else {"client_secret": secret.get_secret_value()}
        return self.http.build_request("POST", url, data=form, headers=headers)

    async def _send(self, vendor: Vendor, request: httpx.Request, deadline: float) -> _Answer:
        try:
            async with asyncio.timeout(deadline):
                response = await self.http.send(request, stream=True)
                try:
                    content = await _read(response)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, TimeoutError) as err:
            raise Unavailable(f"{vendor.label} does not answer the sign-in just now.") from err
        return _Answer(response.status_code, self._retry_after(response), _json(content))

    def _retry_after(self, response: httpx.Response) -> timedelta | None:
        """Seconds or an HTTP date (RFC 9110 §10.2.3), an hour at most."""
        text = response.headers.get("retry-after", "").strip()
        if text.isdecimal():
            return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return min(max(at - self.clock(), timedelta()), _LONGEST_WAIT)

    def _meaning(self, vendor: Vendor, answer: _Answer) -> ProviderError:
        if answer.status == 429 or answer.error == "slow_down":
            return RateLimited(f"{vendor.label} wants fewer sign-ins just now.", retry_after=answer.retry_after)
        if answer.status >= 500 or answer.error in _PASSING:
            return Unavailable(f"{vendor.label} cannot sign anyone in just now.")
        if not answer.error:
            return BadResponse(f"{vendor.label}'s answer to the sign-in cannot be understood.")
        if answer.error == "invalid_client":  # no other word is about all accounts alike
            self._paused[vendor.provider] = self.clock() + OPERATOR_PAUSE
        _log.error(
            "%s refuses the OAuth client of this server: check its id, its secret and its redirect address.",
            vendor.label,
            extra={"provider": vendor.provider, "status": answer.status, "oauth_error": answer.error},
        )
        return _of_the_operator(vendor)


def _of_the_operator(vendor: Vendor) -> Unavailable:
    return Unavailable(f"This server cannot sign in to {vendor.label} just now; its operator has been told.")


async def _read(response: httpx.Response) -> bytes:
    content = b""
    async for part in response.aiter_bytes():
        content += part
        if len(content) > _MOST_BYTES:
            raise BadResponse("The provider's answer to the sign-in is too large.")
    return content


def _json(content: bytes) -> Claims:
    """Empty where it is no JSON object: the status says all there is then."""
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
