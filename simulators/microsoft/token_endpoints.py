"""The endpoints that clients call themselves: the token endpoint, and what OpenID Connect adds."""

from dataclasses import dataclass
from hashlib import sha256

from joserfc import jwt
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.clock import Clock
from simulators.microsoft.accounts import World
from simulators.microsoft.authority import Authority, Client, OAuthError, Tokens
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.scopes import told
from simulators.microsoft.tenants import Tenants
from simulators.microsoft.times import JsonObject
from simulators.signing import signing_key

_NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class TokenEndpoints:
    world: World
    authority: Authority
    clock: Clock
    quirks: Quirks

    def routes(self) -> list[Route]:
        return [
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route("/{tenant}/discovery/v2.0/keys", self._keys),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
        ]

    async def _token(self, request: Request) -> Response:
        try:
            tenant = request.path_params["tenant"]
            if not Tenants(self.world).know(tenant):
                raise OAuthError("invalid_request", 90002, f"Tenant '{tenant}' not found.")
            form = QueryParams(await request.body())
            client = self.authority.client(form.get("client_id"), form.get("client_secret"))
            return JSONResponse(self._handed_out(client, self._tokens(client, form)), headers=_NO_STORE)
        except OAuthError as err:
            return JSONResponse(err.body(), err.status, headers=_NO_STORE)

    def _tokens(self, client: Client, form: QueryParams) -> Tokens:
        match form.get("grant_type"):
            case "authorization_code":
                value = _required(form, "code")
                return self.authority.exchange(client, value, form.get("redirect_uri"), form.get("code_verifier"))
            case "refresh_token":
                scopes = tuple(form.get("scope", "").split())
                return self.authority.refresh(client, _required(form, "refresh_token"), scopes)
            case None:
                raise OAuthError("invalid_request", 900144, "The request body must contain 'grant_type'.")
            case other:
                raise OAuthError("unsupported_grant_type", 70003, f"The grant type '{other}' is not supported.")

    def _handed_out(self, client: Client, tokens: Tokens) -> JsonObject:
        access = tokens.access
        answer: JsonObject = {
            "token_type": "Bearer",
            "scope": told(access.scopes, in_full=self.quirks.names_scopes_in_full),
            "expires_in": self.quirks.access_token_seconds,
            "ext_expires_in": self.quirks.access_token_seconds,
            "access_token": access.value,
        }
        if tokens.refresh is not None:
            answer["refresh_token"] = tokens.refresh.value
        if "openid" in access.scopes:
            answer["id_token"] = self._id_token(client, tokens)
        return answer

    def _id_token(self, client: Client, tokens: Tokens) -> str:
        account, scopes, now = tokens.access.account, tokens.access.scopes, int(self.clock.now().timestamp())
        claims: JsonObject = {
            "ver": "2.0",
            "iss": f"https://login.microsoftonline.com/{account.tenant}/v2.0",
            "sub": sha256(f"{client.id} {account.object_id}".encode()).hexdigest()[:43],
            "aud": client.id,
            "iat": now,
            "nbf": now,
            "exp": now + 86_400,
            "tid": account.tenant,
        }
        if "profile" in scopes:
            claims |= {"oid": account.object_id, "name": account.name, "preferred_username": account.email}
        if "email" in scopes and self.quirks.tells_email:
            claims |= {"email": account.email}
        key = signing_key()
        nonce = {"nonce": tokens.nonce} if tokens.nonce else {}
        return jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, claims | nonce, key)

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [signing_key().as_dict(private=False) | {"alg": "RS256", "use": "sig"}]})

    async def _configuration(self, request: Request) -> Response:
        tenant = request.path_params["tenant"]
        base = f"{str(request.base_url).rstrip('/')}/{tenant}"
        issuer = "{tenantid}" if tenant in {"common", "organizations"} else tenant
        return JSONResponse(
            {
                "issuer": f"https://login.microsoftonline.com/{issuer}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        )


def _required(form: QueryParams, name: str) -> str:
    value = form.get(name)
    if not value:
        raise OAuthError("invalid_request", 900144, f"The request body must contain the parameter: '{name}'.")
    return value
