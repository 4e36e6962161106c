"""What a run did, as one table in the Prefect UI."""

from collections.abc import Mapping, Sequence

from prefect.artifacts import create_table_artifact

from signtally.domain.redaction import without_secrets

Row = Mapping[str, object]


def publish_summary(key: str, rows: Sequence[Row], *, description: str) -> None:
    """Attach a table to the current run; *key* joins the tables of all runs of a flow into one history.

    Addresses of email are left out: everybody who may look at runs sees it.
    """
    table = [{name: _shown(value) for name, value in row.items()} for row in rows]
    create_table_artifact(key=key, table=table, description=without_secrets(description))


def _shown(value: object) -> object:
    return without_secrets(value) if isinstance(value, str) else value


def figures(outcome: Mapping[str, object]) -> list[Row]:
    """One row a figure, nested figures (`dead_letters: {reason: n}`) one row each."""
    rows: list[Row] = []
    for name, value in outcome.items():
        if isinstance(value, Mapping):
            rows += [{"figure": f"{name}: {part}", "value": each} for part, each in sorted(value.items())]
        elif value is None:
            rows.append({"figure": name, "value": "–"})
        else:
            rows.append({"figure": name, "value": value if isinstance(value, int | float) else str(value)})
    return rows
