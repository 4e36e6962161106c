"""Signtally: usage reports for the tenants of an eSignature SaaS. Nothing in this package imports Prefect."""
