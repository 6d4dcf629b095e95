"""What is stored as an iCalendar feed (RFC 5545), under a secret address, for any calendar program to subscribe to."""
