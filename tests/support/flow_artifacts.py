"""What flows published on the Prefect server under test."""

import datetime as dt
import json
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey


def latest_table(key: str) -> list[dict[str, Any]]:
    """The rows of the table that was published last under *key*."""
    with get_client(sync_client=True) as client:
        artifacts = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
    latest = max(artifacts, key=lambda artifact: artifact.created or dt.datetime.min.replace(tzinfo=dt.UTC))
    rows: list[dict[str, Any]] = json.loads(str(latest.data))
    return rows


def latest_figures(key: str) -> dict[str, Any]:
    """The summary that was published last under *key*: its figures by name."""
    return {row["figure"]: row["value"] for row in latest_table(key)}
