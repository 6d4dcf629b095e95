"""How long a page may be."""

from collections.abc import Mapping
from typing import Annotated

import strawberry

MOST_FIRST = 200
MOST_EVENTS = 1000
MOST_CHANGES = 500
DEFAULT_FIRST = 50

MOST = "most"
"""The key in the metadata of an argument `first` under which its bound stands, unless that is `MOST_FIRST`."""
_OF_EVENTS: Mapping[object, object] = {MOST: MOST_EVENTS}

FirstArgument = Annotated[int, strawberry.argument(description=f"How many at most: 1 to {MOST_FIRST}.")]
FirstEventsArgument = Annotated[
    int, strawberry.argument(description=f"How many at most: 1 to {MOST_EVENTS}.", metadata=_OF_EVENTS)
]
FirstChangesArgument = Annotated[
    int, strawberry.argument(description=f"How many at most: 1 to {MOST_CHANGES}.", metadata={MOST: MOST_CHANGES})
]
AfterArgument = Annotated[
    str | None, strawberry.argument(description="The cursor after which the page begins: an `endCursor`.")
]
