"""Outgoing webhooks: endpoints, signatures and deliveries."""
