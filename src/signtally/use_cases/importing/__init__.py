"""Past actions from a file or database to the usage store, chunk by chunk; killed at any moment, it resumes."""

from signtally.domain.import_outcome import ImportOutcome, ImportProgress
from signtally.use_cases.importing.config import ImportConfig
from signtally.use_cases.importing.run import Imported, forget_import, import_history, rejected_rows

__all__ = [
    "ImportConfig",
    "ImportOutcome",
    "ImportProgress",
    "Imported",
    "forget_import",
    "import_history",
    "rejected_rows",
]
