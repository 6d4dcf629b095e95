"""Google Calendar: API v3 by sync tokens, masters and exceptions as items of their own."""
