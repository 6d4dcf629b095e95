"""Access tokens of a simulated vendor, as who reads by OAuth gets them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from calendar_sync.domain.errors import Disconnected
from calendar_sync.domain.providers import Account


@dataclass
class SimulatedGrant(ABC):
    """A `TokenSource` over what an account of a simulator has granted; counts how often it was asked for another."""

    is_dead: bool = field(default=False, kw_only=True)
    renewals: int = field(default=0, kw_only=True)
    current: str = field(default="", kw_only=True)

    @property
    @abstractmethod
    def holder(self) -> Account:
        """Whose grant it is, as connecting tells."""

    @abstractmethod
    def fresh(self) -> str:
        """Another access token of the simulator's."""

    @abstractmethod
    def withdraw(self) -> None:
        """At the simulator, the user takes the grant away."""

    async def token(self) -> str:
        if not self.current:
            self.current = self.fresh()
        return self.current

    async def renew(self, refused: str) -> str:
        self.renewals += 1
        if self.is_dead:
            raise Disconnected
        self.current = self.fresh()
        return self.current

    def revoke(self) -> None:
        self.is_dead = True
        self.withdraw()
