"""Values and pure functions: what an event, a period, a tenant, a report is."""
