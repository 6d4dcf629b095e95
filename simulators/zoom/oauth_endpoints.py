"""The page on which a user lets an app in, and the endpoints that apps call themselves: `/oauth/…`."""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.oauth import is_challenge, may_redirect
from simulators.zoom.accounts import User, World
from simulators.zoom.authority import App, Authority, Tokens
from simulators.zoom.errors import OAuthError, invalid_client
from simulators.zoom.meetings import JsonObject
from simulators.zoom.quirks import Quirks


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    world: World
    authority: Authority
    quirks: Quirks

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/authorize", self._ask, methods=["GET"]),
            Route("/oauth/authorize", self._decide, methods=["POST"]),
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/oauth/revoke", self._revoke, methods=["POST"]),
        ]

    async def _ask(self, request: Request) -> Response:
        app = self._app(request.query_params)
        if app is None:
            return _error_page()
        if self.quirks.consent == "page":
            return HTMLResponse(self._page(app))
        if self.quirks.consent == "grant":
            return self._granted(request.query_params, app, next(iter(self.world.users.values())))
        return _redirected(request.query_params, {"error": self.quirks.consent})

    async def _decide(self, request: Request) -> Response:
        """What the page's form sends: `account` and `decision` (`allow` or `deny`)."""
        app = self._app(request.query_params)
        form = QueryParams(await request.body())
        user = self.world.users.get(form.get("account", ""))
        if app is None:
            return _error_page()
        if form.get("decision") != "allow" or user is None:
            return _redirected(request.query_params, {"error": "access_denied"})
        return self._granted(request.query_params, app, user)

    def _app(self, asked: QueryParams) -> App | None:
        """The app of a request that may be put before the user."""
        app = self.authority.apps.get(asked.get("client_id", ""))
        if app is None or asked.get("response_type") != "code":
            return None
        challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method", "")
        if challenge is not None and not (method == "S256" and is_challenge(challenge, method)):
            return None
        return app if may_redirect(asked.get("redirect_uri", ""), app.redirect_uris) else None

    def _granted(self, asked: QueryParams, app: App, user: User) -> Response:
        code = self.authority.add_code(app, user, asked["redirect_uri"], asked.get("code_challenge"))
        return _redirected(asked, {"code": code})

    def _page(self, app: App) -> str:
        accounts = "".join(
            f'<p><label><input type="radio" name="account" value="{escape(user.email)}"'
            f"{'' if number else ' checked'} required> {escape(user.email)}</label></p>"
            for number, user in enumerate(self.world.users.values())
        )
        scopes = "".join(f"<li>{escape(scope)}</li>" for scope in app.scopes)
        return _PAGE.format(name=escape(app.name), accounts=accounts, scopes=scopes)

    async def _token(self, request: Request) -> Response:
        form = QueryParams(await request.body())
        try:
            app = self.authority.app(*_credentials(request))
            return JSONResponse(_handed_out(request, self._tokens(app, form), self.quirks))
        except OAuthError as err:
            return err.response()

    def _tokens(self, app: App, form: QueryParams) -> Tokens:
        match form.get("grant_type"):
            case "authorization_code":
                return self.authority.exchange(
                    app, form.get("code", ""), form.get("redirect_uri", ""), form.get("code_verifier")
                )
            case "refresh_token":
                return self.authority.refresh(app, form.get("refresh_token", ""))
            case _:
                raise OAuthError(400, "unsupported_grant_type", "unsupported grant type")

    async def _revoke(self, request: Request) -> Response:
        form = QueryParams(await request.body())
        try:
            self.authority.revoke(self.authority.app(*_credentials(request)), form.get("token", ""))
        except OAuthError as err:
            return err.response()
        return JSONResponse({"status": "success"})


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Authorize - simulated Zoom</title></head><body>
<h1>You are about to add {name}</h1>
<p>This is a simulator: no password is asked for.</p>
<form method="post"><h2>Choose an account</h2>{accounts}
<h2>{name} will be able to</h2><ul>{scopes}</ul>
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Decline</button>
</form></body></html>
"""


def _error_page() -> Response:
    text = "Invalid client id, redirect or response type (4,700)"
    return HTMLResponse(f"<!DOCTYPE html><title>Error</title><p>{text}</p>", 400)


def _redirected(asked: QueryParams, answer: dict[str, str]) -> Response:
    state = {"state": asked["state"]} if "state" in asked else {}
    separator = "&" if urlsplit(asked["redirect_uri"]).query else "?"
    return RedirectResponse(f"{asked['redirect_uri']}{separator}{urlencode(answer | state)}", 302)


def _credentials(request: Request) -> tuple[str, str]:
    """The app's id and secret, by Basic authentication. Raises `OAuthError`."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client()
    try:
        app_id, _, secret = b64decode(given, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError) as err:
        raise invalid_client() from err
    return app_id, secret


def _handed_out(request: Request, tokens: Tokens, quirks: Quirks) -> JsonObject:
    return {
        "access_token": tokens.access.value,
        "token_type": "bearer",
        "refresh_token": tokens.refresh.value,
        "expires_in": quirks.access_token_seconds,
        "scope": " ".join(tokens.access.scopes),
        "api_url": str(request.base_url).rstrip("/"),
    }
