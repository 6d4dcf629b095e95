"""A simulated Microsoft: sign-in and consent as the identity platform has them, and the calendars of Graph v1.0."""
