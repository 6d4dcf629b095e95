"""Which accounts may sign in at an address such as `/organizations/oauth2/v2.0/authorize`."""

from dataclasses import dataclass

from simulators.microsoft.accounts import Account, World


@dataclass(frozen=True, slots=True)
class Tenants:
    """A tenant is `common`, `organizations`, `consumers`, or one of an account, by its id or its domain."""

    world: World

    def know(self, tenant: str) -> bool:
        return tenant in {"common", "organizations", "consumers"} or bool(self.accounts(tenant))

    def accounts(self, tenant: str) -> list[Account]:
        return [account for account in self.world.accounts.values() if _belongs(account, tenant)]


def _belongs(account: Account, tenant: str) -> bool:
    match tenant:
        case "common":
            return True
        case "organizations":
            return not account.is_personal
        case "consumers":
            return account.is_personal
    return tenant == account.tenant or (not account.is_personal and account.email.endswith(f"@{tenant}"))
