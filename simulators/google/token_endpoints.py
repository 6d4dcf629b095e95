"""The endpoints that clients call themselves: token, revoke, user info, and what OpenID Connect adds."""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass

from joserfc import jwt
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.clock import Clock
from simulators.google.accounts import Account
from simulators.google.authority import Authority, Client, OAuthError, Tokens
from simulators.google.errors import invalid_credentials
from simulators.google.quirks import Quirks
from simulators.google.scopes import SCOPE
from simulators.google.times import JsonObject
from simulators.signing import signing_key

_NO_STORE = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}


@dataclass(frozen=True, slots=True)
class TokenEndpoints:
    authority: Authority
    clock: Clock
    quirks: Quirks

    def routes(self) -> list[Route]:
        return [
            Route("/token", self._token, methods=["POST"]),
            Route("/revoke", self._revoke, methods=["POST"]),
            Route("/v1/userinfo", self._user_info),
            Route("/oauth2/v3/certs", self._keys),
            Route("/.well-known/openid-configuration", self._configuration),
        ]

    async def _token(self, request: Request) -> Response:
        try:
            form = QueryParams(await request.body())
            client = self.authority.client(*_credentials(request, form))
            return JSONResponse(self._handed_out(client, self._tokens(client, form)), headers=_NO_STORE)
        except OAuthError as err:
            return _refused(err)

    def _tokens(self, client: Client, form: QueryParams) -> Tokens:
        match form.get("grant_type"):
            case "authorization_code":
                value = _required(form, "code")
                return self.authority.exchange(client, value, form.get("redirect_uri"), form.get("code_verifier"))
            case "refresh_token":
                return self.authority.refresh(client, _required(form, "refresh_token"))
            case other:
                raise OAuthError(400, "unsupported_grant_type", f"Invalid grant_type: {other or ''}")

    def _handed_out(self, client: Client, tokens: Tokens) -> JsonObject:
        access = tokens.access
        answer: JsonObject = {
            "access_token": access.value,
            "expires_in": self.quirks.access_token_seconds,
            "scope": " ".join(access.scopes),
            "token_type": "Bearer",
        }
        if tokens.refresh is not None:
            answer["refresh_token"] = tokens.refresh.value
            if client.publishing_status == "testing":
                answer["refresh_token_expires_in"] = 604799
        if "openid" in access.scopes:
            answer["id_token"] = self._id_token(client, access.account, access.scopes, tokens.nonce)
        return answer

    def _id_token(self, client: Client, account: Account, scopes: tuple[str, ...], nonce: str | None) -> str:
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.quirks.issuer,
            "azp": client.id,
            "aud": client.id,
            "iat": now,
            "exp": now + 3600,
            **_identity(account, scopes),
        }
        key = signing_key()
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims | ({"nonce": nonce} if nonce else {}), key)

    async def _revoke(self, request: Request) -> Response:
        form = QueryParams(await request.body())
        try:
            self.authority.revoke(form.get("token") or request.query_params.get("token", ""))
        except OAuthError as err:
            return _refused(err)
        return JSONResponse({})

    async def _user_info(self, request: Request) -> Response:
        token = self.authority.authenticate(request.headers.get("authorization", "").removeprefix("Bearer "))
        if token is None:
            error = invalid_credentials()
            return JSONResponse(error.body(), error.code, error.headers)
        return JSONResponse(_identity(token.account, token.scopes))

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [signing_key().as_dict(private=False) | {"alg": "RS256", "use": "sig"}]})

    async def _configuration(self, request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "issuer": self.quirks.issuer,
                "authorization_endpoint": f"{base}/o/oauth2/v2/auth",
                "token_endpoint": f"{base}/token",
                "revocation_endpoint": f"{base}/revoke",
                "userinfo_endpoint": f"{base}/v1/userinfo",
                "jwks_uri": f"{base}/oauth2/v3/certs",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile"],
                "code_challenge_methods_supported": ["plain", "S256"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
            }
        )


def _identity(account: Account, scopes: tuple[str, ...]) -> JsonObject:
    """What the sign-in scopes tell about an account."""
    identity: JsonObject = {"sub": account.subject}
    if {"email", f"{SCOPE}userinfo.email"} & set(scopes):
        identity |= {"email": account.email, "email_verified": True}
    if {"profile", f"{SCOPE}userinfo.profile"} & set(scopes):
        identity |= {"name": account.name}
    return identity


def _credentials(request: Request, form: QueryParams) -> tuple[str | None, str | None]:
    """The client's id and secret, from the form or from Basic authentication (RFC 6749 §2.3.1)."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id"), form.get("client_secret")
    try:
        client_id, _, secret = b64decode(given, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return None, None
    return client_id, secret


def _required(form: QueryParams, name: str) -> str:
    value = form.get(name)
    if not value:
        raise OAuthError(400, "invalid_request", f"Missing required parameter: {name}")
    return value


def _refused(error: OAuthError) -> Response:
    body = {"error": error.error, "error_description": error.description, **error.more}
    return JSONResponse(body, error.status, headers=_NO_STORE)
