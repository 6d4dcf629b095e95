"""CalDAV (RFC 4791) with discovery (RFC 6764) and sync-collection (RFC 6578)."""
