"""Processes of ours that are forked from one that has imported everything: real ones, there in milliseconds."""

from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext

_WARM = ["tests.crash.warm", "calendar_sync.server", "calendar_sync.worker"]


@cache
def forking() -> ForkServerContext:
    """Starts the process that others are forked from with the first of them."""
    context = get_context("forkserver")
    context.set_forkserver_preload(_WARM)
    return context
