"""iCalendar feeds (`webcal://`, "secret addresses"): RFC 5545 over plain HTTP, read conditionally."""
