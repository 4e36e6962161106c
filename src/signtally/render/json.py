"""The JSON file: the whole snapshot, from which every other file can be made again.

Its shape is published as a JSON Schema (`report.schema.json` beside this module, `/schemas/report-1.json` in the API).
A field that is added leaves the schema's version as it is; any other change makes the next version.

Text is UTF-8. Instants are ISO 8601 in UTC, durations too (`PT27H40M`), shares fractions of 1; undefined is null.
"""

import json
import re

from pydantic import ValidationError
from pydantic_core import to_json

from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.errors import SigntallyError
from signtally.render.contents import Contents
from signtally.render.report_document import ReportDocument

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class NoReportError(SigntallyError, ValueError):
    """The file is no JSON report that can be read; the text says what is wrong with it."""


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file, on one line."""
    document = ReportDocument.of(contents, identity)
    try:
        return to_json(document, by_alias=True)
    except ValueError:  # a lone surrogate, which no UTF-8 can hold: shown as �, as in every file
        text = json.dumps(document.model_dump(mode="json", by_alias=True), ensure_ascii=False, separators=(",", ":"))
        return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text).encode()


def read(body: bytes) -> tuple[UsageSnapshot, ReportIdentity]:
    """What a JSON file was made from; any format rendered from that is this report's file. Raises NoReportError."""
    try:
        document = ReportDocument.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise NoReportError(f"this is no Signtally report in JSON: {where}: {first['msg']}") from None
    return document.snapshot(), document.identity()
