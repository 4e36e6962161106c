"""Ids of tenants, users and documents."""

ID_LIMIT_CHARACTERS = 256
