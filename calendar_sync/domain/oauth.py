"""Access tokens, as those who read an account by OAuth need them."""

from typing import Protocol


class TokenSource(Protocol):
    """The access tokens of one account. Whoever sends a request asks for the token each time and keeps none.

    Both raise `Disconnected` when the provider no longer takes the account's grant, `RateLimited`, `Unavailable` or
    `BadResponse`.
    """

    async def token(self) -> str:
        """A token that is good for at least the next request, renewed ahead of its end."""
        ...

    async def renew(self, refused: str) -> str:
        """Another token, after the provider answered 401 to `refused`. However many ask, the provider is asked once."""
        ...
