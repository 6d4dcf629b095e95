"""The certificate authorities that are trusted where nothing else is said."""

import ssl
from functools import cache

import httpx


@cache
def usual_authorities() -> ssl.SSLContext:
    """The context for clients, read from disk once: that takes longer than most requests."""
    return httpx.create_ssl_context()
