"""How runs are called in the Prefect UI: by tenant, period, part."""

from pathlib import PurePath

from prefect.runtime import flow_run, task_run


def days_of_tenant() -> str:
    """Such as `reconcile acme 2026-10-01–2026-10-31`, of a flow with *tenant_id*, *first* and *last*."""
    given = flow_run.get_parameters()
    days = "–".join(str(given[name]) for name in ("first", "last") if given.get(name))
    dry = "dry run" if given.get("dry_run") else ""
    return " ".join(filter(None, [flow_run.get_flow_name(), given.get("tenant_id") or "all tenants", days, dry]))


def due_by() -> str:
    """Such as `digests due by 2026-11-01 07:05`, UTC."""
    return f"{flow_run.get_flow_name()} due by {flow_run.get_scheduled_start_time():%Y-%m-%d %H:%M}"


def import_of_source() -> str:
    """A file's name or a variable's; never an address, which may have a password in it."""
    source = str(flow_run.get_parameters()["source"])
    return f"import {source if source.startswith('env:') else PurePath(source).name}"


def tenants_of_batch() -> str:
    """Such as `25 tenants, acme to bolt`, of a task with *tenant_ids*."""
    tenants: list[str] = task_run.get_parameters()["tenant_ids"]
    many = len(tenants) > 1
    return f"{len(tenants)} tenants, {tenants[0]} to {tenants[-1]}" if many else "".join(tenants) or "no tenants"
