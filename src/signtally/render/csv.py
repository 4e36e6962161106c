"""The CSV file: the table of users, for programs and for Excel by a double click.

One header, one row a user with any action in the period, and nothing else: no totals, no block above or below. The rest
of the snapshot is in the ZIP file and in JSON.

- RFC 4180: CRLF, quotes where needed. The separator is the profile's `csv`; unless it is set, a semicolon where the
  tenant's country writes decimals with a comma (and a few others), because Excel there expects it.
- Dates are ISO 8601, instants `YYYY-MM-DD hh:mm:ss` in UTC, numbers whole and in plain digits; what is undefined is
  empty. `render.csv_tables` has the columns.
- Text stays text, ids too: `render.csv_text`.
- UTF-8 **with** a byte order mark: without one, Excel reads the file in a legacy code page and garbles every name that
  is not ASCII. pandas, Polars, DuckDB and PostgreSQL's clients skip it; Python reads it as `utf-8-sig`.
"""

import polars as pl

from signtally.domain.snapshot import ReportIdentity
from signtally.domain.tenants import TenantProfile
from signtally.render import csv_tables
from signtally.render.contents import Contents
from signtally.render.formats import locale_of

_SEPARATORS = {"comma": ",", "semicolon": ";"}
# Decimal points, and yet lists with semicolons.
_SWISS = frozenset({"CH", "LI"})
_RIGHT_TO_LEFT = frozenset({"ar", "fa"})


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file."""
    return csv_bytes(csv_tables.users(contents, identity), separator=separator(contents.snapshot.tenant))


def document_lines(rows: pl.DataFrame, *, tenant: TenantProfile, is_first: bool) -> bytes:
    """Some rows of schema DOCUMENT_ROWS as lines of a file whose *first* ones bear the header, as in the ZIP file."""
    table = csv_tables.document_table(rows, locale=tenant.locale)
    between = separator(tenant)
    lines = table.write_csv(include_bom=is_first, include_header=is_first, separator=between, line_terminator="\r\n")
    return lines.encode()


def csv_bytes(table: pl.DataFrame, *, separator: str) -> bytes:
    return table.write_csv(include_bom=True, separator=separator, line_terminator="\r\n").encode()


def separator(tenant: TenantProfile) -> str:
    """Between the cells of a tenant's CSV files."""
    if tenant.csv is not None:
        return _SEPARATORS[tenant.csv]
    locale = locale_of(tenant.locale)
    symbols = locale.number_symbols
    own = symbols.get(locale.default_numbering_system, {})  # some digits (Bengali) have no signs of their own
    decimal = own.get("decimal") or symbols["latn"]["decimal"]
    is_exception = locale.territory in _SWISS or locale.language in _RIGHT_TO_LEFT
    return ";" if decimal == "," or is_exception else ","
