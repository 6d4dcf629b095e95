"""Outside services as local servers, for the sandbox and for tests. They know nothing of calendar-sync."""
