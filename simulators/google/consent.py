"""The page on which a user lets a client in: `/o/oauth2/v2/auth`."""

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
from simulators.google.accounts import Account, World
from simulators.google.authority import Authority, Client, Code
from simulators.google.quirks import Quirks
from simulators.google.scopes import SIGN_IN
from simulators.oauth import is_challenge, may_redirect

PATH = "/o/oauth2/v2/auth"


class Refused(Exception):
    """The request is so wrong that the user sees an error page and the client nothing."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request that may be put before the user."""

    parameters: QueryParams
    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]

    @property
    def prompts(self) -> frozenset[str]:
        return frozenset(self.parameters.get("prompt", "").split())


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
            asked = self._asked(request.query_params)
        except Refused as err:
            return _error_page(err)
        account = self.world.accounts.get(asked.parameters.get("login_hint", ""))
        if self.quirks.consent != "page":
            return self._without_page(asked, account or next(iter(self.world.accounts.values()), None))
        if account is not None and self._needs_no_page(asked, account):
            return self._granted(asked, account, asked.scopes)
        if "none" in asked.prompts:
            return self._redirected(asked, {"error": "interaction_required"})
        return HTMLResponse(self._page(asked, account))

    def _without_page(self, asked: Asked, account: Account | None) -> Response:
        """What the quirk `consent` says in the user's stead."""
        if self.quirks.consent != "grant":
            return self._redirected(asked, {"error": self.quirks.consent})
        if account is None:
            return self._redirected(asked, {"error": "access_denied"})
        return self._granted(asked, account, [s for s in asked.scopes if s not in self.quirks.unticked_scopes])

    async def _decide(self, request: Request) -> Response:
        """What the page's form sends: `account`, `decision` (`allow` or `deny`) and every ticked `scope`."""
        try:
            asked = self._asked(request.query_params)
        except Refused as err:
            return _error_page(err)
        form = QueryParams(await request.body())
        account = self.world.accounts.get(form.get("account", ""))
        if form.get("decision") != "allow" or account is None:
            return self._redirected(asked, {"error": "access_denied"})
        ticked = form.getlist("scope")
        return self._granted(asked, account, [s for s in asked.scopes if s in ticked or s in SIGN_IN])

    def _asked(self, parameters: QueryParams) -> Asked:
        client = self.authority.clients.get(parameters.get("client_id", ""))
        if client is None:
            raise Refused(401, "invalid_client")
        redirect_uri = parameters.get("redirect_uri", "")
        if not may_redirect(redirect_uri, client.redirect_uris):
            raise Refused(400, "redirect_uri_mismatch")
        if parameters.get("response_type") != "code":
            raise Refused(400, "unsupported_response_type")
        scopes = tuple(parameters.get("scope", "").split())
        if not scopes:
            raise Refused(400, "invalid_scope")
        if "code_challenge" in parameters and not _is_challenge(parameters):
            raise Refused(400, "invalid_request")
        return Asked(parameters, client, redirect_uri, scopes)

    def _needs_no_page(self, asked: Asked, account: Account) -> bool:
        has_all = set(asked.scopes) <= self.authority.granted(asked.client, account)
        return has_all and not asked.prompts & {"consent", "select_account"}

    def _granted(self, asked: Asked, account: Account, scopes: list[str] | tuple[str, ...]) -> Response:
        """A code for the client. Only who has just seen the consent page gives a refresh token, too."""
        before = self.authority.granted(asked.client, account)
        consented = "consent" in asked.prompts or not set(scopes) <= before
        wide = before if asked.parameters.get("include_granted_scopes") == "true" else frozenset()
        self.authority.consent(asked.client, account, scopes)
        code = Code(
            f"4/0A{token_urlsafe(24)}",
            asked.client,
            account,
            tuple(dict.fromkeys([*scopes, *sorted(wide)])),
            asked.redirect_uri,
            self.clock.now() + timedelta(seconds=self.quirks.code_seconds),
            challenge=asked.parameters.get("code_challenge"),
            challenge_method=asked.parameters.get("code_challenge_method", "plain"),
            nonce=asked.parameters.get("nonce"),
            gives_refresh_token=consented and asked.parameters.get("access_type") == "offline",
        )
        answer = {"code": self.authority.add_code(code), "scope": " ".join(code.scopes), "authuser": "0"}
        return self._redirected(asked, answer | {"prompt": "consent" if consented else "none"})

    def _redirected(self, asked: Asked, answer: dict[str, str]) -> Response:
        issuer = {"iss": self.quirks.issuer} if self.quirks.names_issuer else {}
        state = {"state": asked.parameters["state"]} if "state" in asked.parameters else {}
        separator = "&" if urlsplit(asked.redirect_uri).query else "?"
        return RedirectResponse(f"{asked.redirect_uri}{separator}{urlencode(state | issuer | answer)}", 302)

    def _page(self, asked: Asked, hinted: Account | None) -> str:
        accounts = "".join(
            f'<p><label><input type="radio" name="account" value="{escape(account.email)}"'
            f"{' checked' if account is (hinted or account) else ''} required> {escape(account.email)}</label></p>"
            for account in self.world.accounts.values()
        )
        scopes = "".join(
            f'<p><label><input type="checkbox" name="scope" value="{escape(scope)}" checked> '
            f"{escape(scope)}</label></p>"
            for scope in asked.scopes
            if scope not in SIGN_IN
        )
        return _PAGE.format(name=escape(asked.client.name), accounts=accounts, scopes=scopes)


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Sign in - simulated Google</title></head><body>
<h1>{name} wants access to your Google Account</h1>
<p>This is a simulator: no password is asked for.</p>
<form method="post"><h2>Choose an account</h2>{accounts}
<h2>Select what {name} can access</h2>{scopes}
<button name="decision" value="allow">Continue</button> <button name="decision" value="deny">Cancel</button>
</form></body></html>
"""


def _error_page(error: Refused) -> Response:
    text = f"Access blocked: Authorization Error. Error {error.status}: {error.error}"
    return HTMLResponse(f"<!DOCTYPE html><title>Error</title><p>{text}</p>", error.status)


def _is_challenge(parameters: QueryParams) -> bool:
    return is_challenge(parameters["code_challenge"], parameters.get("code_challenge_method", "plain"))
