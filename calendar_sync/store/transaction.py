"""One transaction, and what can be done in it."""

from sqlalchemy.ext.asyncio import AsyncConnection


class Transaction:
    """Commits as a whole or not at all (`Database.begin`)."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
