"""A suspended tenant is let in nowhere; a link in an email opens for who is a member now."""

from collections.abc import Callable
from typing import Any

import pytest

from signtally.domain.tenants import Member, TenantProfile
from signtally.stores.tenants import Tenants
from tests.api.conftest import World
from tests.api.test_report_deletion import SEPTEMBER, made

Check = Callable[..., dict[str, Any]]
ACME = TenantProfile(tenant_id="acme", name="Acme", timezone="Europe/Berlin")


@pytest.mark.parametrize("path", ["/v1/usage?period=2026-10", "/v1/reports", "/v1/profile", "/v1/me", "/v1/schedules"])
def test_a_suspended_tenant_is_let_in_nowhere(admin: Any, world: World, problem: Check, path: str) -> None:
    Tenants(world.objects).put(ACME.model_copy(update={"status": "suspended"}))
    assert "Acme is suspended" in problem(admin.get(path), 403, "forbidden")["detail"]
    assert admin.using(world.token(tenant_id="globex")).get(path).status_code == 200


def test_a_file_is_for_who_is_a_member_now(admin: Any, world: World, problem: Check) -> None:
    link = made(admin, world, SEPTEMBER)["links"]["files"]["csv"]
    members = (Member(user_id="u_1", role="tenant_admin"), Member(user_id="u_2"))
    Tenants(world.objects).put(ACME.model_copy(update={"members": members}))
    assert admin.get(link).status_code == 307
    left = admin.using(world.token("u_9"))
    assert problem(left.get(link), 403, "forbidden")["detail"].startswith("u_9 is no member of Acme any more.")
    demoted = admin.using(world.token("u_2"))
    assert "no administrator of Acme any more" in problem(demoted.get(link), 403, "forbidden")["detail"]
    assert admin.using(None).get(link, headers={"accept": "text/html"}).status_code == 303
