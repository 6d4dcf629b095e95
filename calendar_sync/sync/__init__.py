"""The loop that brings the store up to date with a provider, and the use case around it."""
