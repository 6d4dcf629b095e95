"""Who is asking: API keys and OIDC tokens."""
