"""What a run did, as one table in the Prefect UI."""

from collections.abc import Mapping, Sequence

from prefect.artifacts import create_table_artifact

Row = Mapping[str, object]


def publish_summary(key: str, rows: Sequence[Row], *, description: str) -> None:
    """Attach a table to the current run; *key* joins the tables of all runs of a flow into one history."""
    create_table_artifact(key=key, table=[dict(row) for row in rows], description=description)


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
