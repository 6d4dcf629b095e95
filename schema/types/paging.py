"""How long a page may be."""

from typing import Annotated

import strawberry

MOST_FIRST = 200
DEFAULT_FIRST = 50

FirstArgument = Annotated[int, strawberry.argument(description=f"How many at most: 1 to {MOST_FIRST}.")]
