"""CSV as it is found: lines are counted right, what is no row costs its own line, and memory has a bound."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.history.csv import CsvHistory
from signtally.ports.history import HistoryError, HistoryRow, UnreadableRow

Read = list[tuple[int, list[object] | str]]


def read(path: Path, *, delimiter: str = ",", chunk_rows: int = 2) -> Read:
    """Line and values, or line and reason; read in chunks, each by a reader of its own as after a crash."""
    source = CsvHistory(path, delimiter=delimiter, chunk_rows=chunk_rows)
    found: Read = []
    after = None
    while True:
        chunk = next(iter(source.chunks(after=after, columns=source.columns())), None)
        if chunk is None:
            return found
        found += [(row.line, shown(row)) for row in chunk.rows]
        after = chunk.position


def shown(row: HistoryRow | UnreadableRow) -> list[object] | str:
    return str(row.reason) if isinstance(row, UnreadableRow) else list(row.values.values())


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    return path


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    content = b'a,b\r\n1,2\r\n\r\n"x\r\ny","z ""q"""\r\n3,4'
    assert read(written(tmp_path, content)) == [(2, ["1", "2"]), (4, ["x\r\ny", 'z "q"']), (6, ["3", "4"])]


def test_a_byte_order_mark_and_blanks_around_names_are_no_part_of_names(tmp_path: Path) -> None:
    source = CsvHistory(written(tmp_path, b"\xef\xbb\xbfa; b \n1;2\n"), delimiter=";")
    assert list(source.columns()) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b'a,b\n"1,2\n3,4\n5,6\n', [(2, "not-csv"), (3, ["3", "4"]), (4, ["5", "6"])]),
        (b'a,b\n"1"x,2\n3,4\n', [(2, "not-csv"), (3, ["3", "4"])]),
        (b'a,b\n"1,2\n"3",4\n5,6\n', [(2, "not-csv"), (3, ["3", "4"]), (4, ["5", "6"])]),
        (b'a,b\n"1,2\n\xff,4\n5,6\n', [(2, "not-csv"), (3, "not-utf-8"), (4, ["5", "6"])]),
        (b"a,b\n1\n1,2,3\n\xe4,5\n3,4\n", [(2, "wrong-column-count"), (3, "wrong-column-count"), (4, "not-utf-8"),
                                            (5, ["3", "4"])]),
        (b"a,b\n" + b"x" * (3 << 20) + b"\n3,4\n", [(2, "line-too-long"), (3, ["3", "4"])]),
        (b"a,b\n1,2\r3,4\n5,6\n", [(2, "not-csv"), (3, ["5", "6"])]),
        (b"a,b\n1,\0\n", [(2, ["1", "\0"])]),
        (b"a,b\n", []),
    ],
)  # fmt: skip
def test_what_is_no_row_costs_its_own_line_alone(tmp_path: Path, content: bytes, rows: Read) -> None:
    assert read(written(tmp_path, content)) == rows


def test_a_quote_that_never_ends_does_not_swallow_the_file(tmp_path: Path) -> None:
    found = read(written(tmp_path, b'a,b\n"x,1\n' + b"2,3\n" * 60_000), chunk_rows=5_000)
    assert found == [(2, "not-csv"), *((line, ["2", "3"]) for line in range(3, 60_003))]


def test_long_lines_make_short_chunks(tmp_path: Path) -> None:
    line = b"x" * 100_000 + b",\n"
    source = CsvHistory(written(tmp_path, b"a,b\n" + line * 200), chunk_rows=5_000)
    assert [len(chunk.rows) for chunk in source.chunks(after=None, columns=["a"])] == [84, 84, 32]


values = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(rows=st.lists(st.tuples(values, values), max_size=8), chunk_rows=st.integers(1, 3))
def test_any_text_survives_in_chunks_of_any_size(
    rows: list[tuple[str, str]], chunk_rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = ["a,b", *(",".join(f'"{each.replace(chr(34), chr(34) * 2)}"' for each in row) for row in rows)]
    path = written(tmp_path_factory.mktemp("csv"), "\n".join(lines).encode())
    found = read(path, chunk_rows=chunk_rows)
    assert [row for _, row in found] == [list(row) for row in rows]
    physical = ["", *path.read_bytes().decode().split("\n")]
    assert all(physical[line].startswith('"') for line, _ in found)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a;b\n1;2\n", r'delimiter = ";"'),
        (b"a\tb\n", r'delimiter = "\\t"'),
        (b"a,b,a\n", "more than one column called 'a'"),
        ("a,b\n".encode("utf-16"), "not-utf-8"),
        (b"\x1f\x8b\x08\x00", "not-utf-8"),
        (b'"a,b\n', "not-csv"),
    ],
)
def test_a_first_line_that_names_no_columns_is_an_error_up_front(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    with pytest.raises(HistoryError, match=complaint):
        CsvHistory(written(tmp_path, content)).columns()


def test_a_copy_is_the_same_rows_and_a_changed_file_is_not(tmp_path: Path) -> None:
    one, other = written(tmp_path, b"a,b\n1,2\n"), tmp_path / "copy.csv"
    other.write_bytes(one.read_bytes())
    assert CsvHistory(one).identity == CsvHistory(other).identity
    other.write_bytes(b"a,b\n1,3\n")
    assert CsvHistory(one).identity != CsvHistory(other).identity


def test_a_file_that_changes_under_the_reader_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n1,2\n3,4\n")
    source = CsvHistory(path, chunk_rows=1)
    chunks = source.chunks(after=None, columns=["a"])
    next(chunks)
    path.write_bytes(b"a,b\n1,2\n3,4\n5,6\n")
    with pytest.raises(HistoryError, match="has changed"):
        next(chunks)
