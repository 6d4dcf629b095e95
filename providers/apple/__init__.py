"""Apple's calendars: CalDAV with a preset, or a published calendar as a feed."""
