"""Webhooks over HTTPS to public addresses alone, signed by Standard Webhooks 1.0."""
