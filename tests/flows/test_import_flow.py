"""The flow that imports past actions: what it leaves in the UI, and that a second run knows the first."""

import json
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.import_history import import_history
from signtally.ports.history import HistoryError
from signtally.services import Services
from signtally.use_cases.importing import ImportOutcome

HEADER = "id,source,type,time,tenant_id,user_id,document_id\n"
GOOD = "1,/portal,document.sent,2019-03-01T12:00:00Z,acme,ann,d1\n"
BAD = "2,/portal,document.read,2019-03-01T12:00:00Z,acme,ann,d1\n"


def artifact(key: str) -> Any:
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
    return max(found, key=lambda each: str(each.created))


def test_a_file_is_imported_and_the_run_says_what_became_of_its_rows(flow_services: Services, tmp_path: Path) -> None:
    path = tmp_path / "past.csv"
    path.write_text(HEADER + GOOD + BAD)
    done = import_history(str(path))
    assert done == ImportOutcome(2, 1, 0, {"unknown-type": 1})
    rows = {row["figure"]: row["value"] for row in json.loads(artifact("import-history").data)}
    assert rows == {"rows": 2, "stored": 1, "duplicates": 0, "rejected: unknown-type": 1}
    rejects = artifact("import-history-rejects")
    [reject] = json.loads(rejects.data)
    assert (reject["line"], reject["reason"]) == (3, "unknown-type")
    folder = rejects.description.rsplit(" ", 1)[1]
    assert len(list(flow_services.objects.list_objects(folder))) == 1
    assert artifact("import-history-progress").data == 100.0
    assert import_history(str(path)) == done
    assert import_history(str(path), restart=True) == ImportOutcome(2, 0, 1, {"unknown-type": 1})


@pytest.mark.usefixtures("flow_services")
def test_an_address_with_a_password_is_refused_where_everybody_can_read_it() -> None:
    with pytest.raises(HistoryError, match="env:NAME") as caught:
        import_history("postgresql://ann:secret@127.0.0.1/portal")
    assert "secret" not in str(caught.value)
