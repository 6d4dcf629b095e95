"""Texts as they are compared and searched."""

import unicodedata


def folded(text: str) -> str:
    """Text as it is searched: without regard to case and to how accents are written."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())
