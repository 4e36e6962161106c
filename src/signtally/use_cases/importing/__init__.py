"""Past actions from where they lie to the usage store: by chunks, to be broken off and gone on with at any moment."""

from signtally.domain.import_outcome import ImportOutcome, ImportProgress
from signtally.use_cases.importing.pace import ImportPace
from signtally.use_cases.importing.run import Imported, forget_import, import_history, rejected_rows

__all__ = [
    "ImportOutcome",
    "ImportPace",
    "ImportProgress",
    "Imported",
    "forget_import",
    "import_history",
    "rejected_rows",
]
