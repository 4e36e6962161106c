"""`retention` drops months that PostgreSQL keeps no longer; what it dropped is on the run."""

import contextlib
import dataclasses
import datetime as dt
import uuid

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

import tasks.retention
from flows.retention import retention
from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.usage_store import PostgresqlUsageStore
from signtally.services import Services


def test_months_that_are_kept_no_longer_go_by_night(
    flow_services: Services, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = flow_services.clock()
    long_ago = now - dt.timedelta(days=250)
    with contextlib.closing(PostgresqlConnections(postgresql)) as connections:
        schema = f"t-{uuid.uuid4().hex[:12]}"
        for_ever = PostgresqlUsageStore(connections, schema=schema)
        for_ever.provision()
        for at in (long_ago, now):
            event = UsageEvent("/p", str(at), Action.SENT, "acme", "u", "d", at)
            for_ever.put_events([ReceivedEvent(event, now, "m")])
        kept = PostgresqlUsageStore(connections, schema=schema, kept=dt.timedelta(days=100))
        monkeypatch.setattr(tasks.retention, "services", lambda: dataclasses.replace(flow_services, usage_store=kept))

        assert retention().dropped == [f"events_{long_ago:%Y%m}"]
        assert retention().dropped == []
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["retention"])))
    assert {str(artifact.data) for artifact in found} == {
        f'[{{"dropped": "events_{long_ago:%Y%m}"}}]',
        '[{"dropped": "none"}]',
    }
