"""The published JSON Schema of the JSON file: its id, its version, its text."""

import importlib.resources
from typing import Literal

SchemaId = Literal["urn:signtally:report:1"]
SCHEMA_ID: SchemaId = "urn:signtally:report:1"
SCHEMA_FILE = "report.schema.json"
SCHEMA_NAME = "report-1.json"  # in the API, below `/schemas/`


def schema() -> bytes:
    """The schema (draft 2020-12) as it is shipped with this version."""
    return importlib.resources.files(__package__).joinpath(SCHEMA_FILE).read_bytes()
