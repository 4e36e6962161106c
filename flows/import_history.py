"""Past actions from a file or a database to the events table."""

from prefect import flow

from signtally.use_cases.importing import ImportOutcome
from tasks.failures import explain_failure
from tasks.import_history import first_rejected_rows, forget_import, import_past_actions
from tasks.run_names import import_of_source
from tasks.summaries import figures, publish_summary

_SHOWN_REJECTS = 100


@flow(name="import-history", flow_run_name=import_of_source, on_failure=[explain_failure], on_crashed=[explain_failure])
def import_history(source: str, mapping_file: str | None = None, restart: bool = False) -> ImportOutcome:  # noqa: FBT001, FBT002 -- an operator sees each as a field of the form
    """Import what is not imported yet.

    *source* is a path that the worker can read, or `env:NAME` with the variable of the worker that holds a database's
    address; *restart* imports from the first row again.
    """
    if restart:
        forget_import(source, mapping_file)
    imported = import_past_actions(source, mapping_file)
    publish_summary("import-history", figures(imported.outcome.as_dict()), description="What became of the rows")
    if imported.outcome.rejected:
        shown = first_rejected_rows(imported, limit=_SHOWN_REJECTS)
        publish_summary(
            "import-history-rejects",
            [{**row, "row": str(row["row"])} for row in shown],
            description=f"The first rejected rows; all of them are in the bucket under {imported.rejects_folder}",
        )
    return imported.outcome
