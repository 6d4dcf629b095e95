"""The page on which a user lets a client in: `/{tenant}/oauth2/v2.0/authorize`."""

from dataclasses import dataclass
from datetime import timedelta
from html import escape
from secrets import token_urlsafe
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.clock import Clock
from simulators.microsoft.accounts import Account, World
from simulators.microsoft.authority import Authority, Client, Code
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.scopes import is_sign_in, short
from simulators.microsoft.tenants import Tenants
from simulators.oauth import is_challenge, may_redirect

PATH = "/{tenant}/oauth2/v2.0/authorize"
_DESCRIPTIONS = {
    "access_denied": "AADSTS65004: User declined to consent to access the app.",
    "consent_required": "AADSTS65001: The user or administrator has not consented to use the application.",
    "interaction_required": "AADSTS50076: You must use multi-factor authentication.",
    "login_required": "AADSTS50058: A silent sign-in request was sent but no user is signed in.",
}


class Refused(Exception):
    """The request is so wrong that the user sees an error page and the client nothing."""


class Declined(Exception):
    """The client is told an error by redirection."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.answer = {"error": error, "error_description": description}


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request with a client and an address to answer to. Every account in `offered` may sign in."""

    parameters: QueryParams
    client: Client
    redirect_uri: str
    offered: tuple[Account, ...]

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(self.parameters.get("scope", "").split())

    @property
    def prompt(self) -> str:
        return self.parameters.get("prompt", "")

    def account(self, email: str) -> Account | None:
        return next((account for account in self.offered if account.email == email), None)


@dataclass(frozen=True, slots=True)
class Consent:
    world: World
    authority: Authority
    clock: Clock
    quirks: Quirks

    def routes(self) -> list[Route]:
        return [Route(PATH, self._ask, methods=["GET"]), Route(PATH, self._decide, methods=["POST"])]

    async def _ask(self, request: Request) -> Response:
        try:
            asked = self._asked(request)
        except Refused as err:
            return _error_page(err)
        try:
            _check(asked)
            return self._shown(asked)
        except Declined as err:
            return _redirected(asked, err.answer)

    def _shown(self, asked: Asked) -> Response:
        hinted = asked.account(asked.parameters.get("login_hint", ""))
        if self.quirks.consent == "grant":
            account = hinted or next(iter(asked.offered), None)
            if account is None:
                raise _declined("access_denied")
            return self._granted(asked, account)
        if self.quirks.consent != "page":
            raise _declined(self.quirks.consent)
        if hinted is not None and asked.prompt in {"", "none"} and self._is_allowed(asked, hinted):
            return self._granted(asked, hinted)
        if asked.prompt == "none":
            raise _declined("login_required" if hinted is None else "consent_required")
        return HTMLResponse(_page(asked, hinted))

    async def _decide(self, request: Request) -> Response:
        """What the page's form sends: `account` and `decision` (`accept` or `cancel`)."""
        try:
            asked = self._asked(request)
        except Refused as err:
            return _error_page(err)
        form = QueryParams(await request.body())
        account = asked.account(form.get("account", ""))
        if form.get("decision") != "accept" or account is None:
            return _redirected(asked, _declined("access_denied").answer)
        return self._granted(asked, account)

    def _asked(self, request: Request) -> Asked:
        tenants, tenant = Tenants(self.world), request.path_params["tenant"]
        parameters = request.query_params
        if not tenants.know(tenant):
            raise Refused(f"AADSTS90002: Tenant '{tenant}' not found.")
        client = self.authority.clients.get(parameters.get("client_id", ""))
        if client is None:
            raise Refused("AADSTS700016: The application was not found in the directory.")
        redirect_uri = parameters.get("redirect_uri", "")
        if not may_redirect(redirect_uri, client.redirect_uris):
            raise Refused("AADSTS50011: The redirect URI specified in the request does not match those configured.")
        offered = tuple(a for a in tenants.accounts(tenant) if client.tenant in {None, a.tenant})
        return Asked(parameters, client, redirect_uri, offered)

    def _is_allowed(self, asked: Asked, account: Account) -> bool:
        wanted = {short(scope) for scope in asked.scopes if not is_sign_in(scope)}
        return wanted <= self.authority.granted(asked.client, account)

    def _granted(self, asked: Asked, account: Account) -> Response:
        scopes = tuple(scope for scope in asked.scopes if scope not in self.quirks.withheld_scopes)
        self.authority.consent(asked.client, account, map(short, scopes))
        code = Code(
            f"0.AX{token_urlsafe(24)}.AgABAAIAAAD",
            asked.client,
            account,
            scopes,
            asked.redirect_uri,
            self.clock.now() + timedelta(seconds=self.quirks.code_seconds),
            challenge=asked.parameters.get("code_challenge"),
            challenge_method=asked.parameters.get("code_challenge_method", "plain"),
            nonce=asked.parameters.get("nonce"),
        )
        return _redirected(asked, {"code": self.authority.add_code(code)})


def _check(asked: Asked) -> None:
    """Raises `Declined`."""
    if asked.parameters.get("response_type") != "code":
        raise Declined("unsupported_response_type", "AADSTS700054: response_type is not enabled for the application.")
    if not asked.scopes:
        raise Declined("invalid_request", "AADSTS900144: The request must contain the parameter: 'scope'.")
    if asked.parameters.get("response_mode", "query") != "query":
        raise Declined("invalid_request", "AADSTS90015: The response_mode is not one of this simulator's.")
    challenge, method = asked.parameters.get("code_challenge"), asked.parameters.get("code_challenge_method", "plain")
    if challenge is not None and not is_challenge(challenge, method):
        raise Declined("invalid_request", "AADSTS501491: Invalid size of Code_Challenge parameter.")


def _declined(error: str) -> Declined:
    return Declined(error, _DESCRIPTIONS.get(error, "AADSTS90033: A transient error has occurred."))


def _redirected(asked: Asked, answer: dict[str, str]) -> Response:
    state = {"state": asked.parameters["state"]} if "state" in asked.parameters else {}
    session = {"session_state": token_urlsafe(16)} if "code" in answer else {}
    separator = "&" if urlsplit(asked.redirect_uri).query else "?"
    return RedirectResponse(f"{asked.redirect_uri}{separator}{urlencode(answer | state | session)}", 302)


def _page(asked: Asked, hinted: Account | None) -> str:
    accounts = "".join(
        f'<p><label><input type="radio" name="account" value="{escape(account.email)}"'
        f"{' checked' if account is (hinted or account) else ''} required> {escape(account.email)}</label></p>"
        for account in asked.offered
    )
    scopes = "".join(f"<li>{escape(scope)}</li>" for scope in asked.scopes)
    return _PAGE.format(name=escape(asked.client.name), accounts=accounts, scopes=scopes)


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Sign in - simulated Microsoft</title></head><body>
<h1>Permissions requested by {name}</h1>
<p>This is a simulator: no password is asked for.</p>
<form method="post"><h2>Pick an account</h2>{accounts}
<h2>This app would like to</h2><ul>{scopes}</ul>
<button name="decision" value="accept">Accept</button> <button name="decision" value="cancel">Cancel</button>
</form></body></html>
"""


def _error_page(error: Refused) -> Response:
    text = f"Sorry, but we're having trouble signing you in. {escape(str(error))}"
    return HTMLResponse(f"<!DOCTYPE html><title>Sign in</title><p>{text}</p>", 400)
