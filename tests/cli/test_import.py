"""`signtally import` as an operator calls it: files and databases, twice, killed, and with rows that cannot be."""

import csv
import datetime as dt
import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from signtally.domain.actions import Action
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from tests.support.commands import SIGNTALLY, Command, names_of
from tests.support.examples import sized

COLUMNS = ["id", "source", "type", "time", "tenant_id", "user_id", "document_id", "user_email", "user_name"]
BEGINNING = dt.datetime(2018, 11, 1, 5, tzinfo=dt.UTC)
ROWS = sized(8_000, soak=16_000)  # with chunks of 5,000


def actions(count: int, *, apart: dt.timedelta = dt.timedelta(hours=93)) -> list[dict[str, str]]:
    """Actions of five tenants over months or years; no two alike."""
    types = [action.event_type for action in Action]
    return [
        {
            "id": f"h{number}",
            "source": "/portal/legacy",
            "type": types[number % 7 % len(types)],
            "time": (BEGINNING + apart * number).isoformat(),
            "tenant_id": f"tenant {number % 5}",
            "user_id": f"u{number % 11}",
            "document_id": f"d{number // 4}",
            "user_email": f"u{number % 11}@example.com",
            "user_name": 'Ann, "the\nfirst"' if number % 11 == 0 else f"User {number % 11}",
        }
        for number in range(count)
    ]


def write_csv(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def counted(services: Services) -> Counter[tuple[str, str, str]]:
    """Tenant, day (of UTC, for nobody has a profile) and measure, from the daily usage."""
    tenants = [f"tenant {number}" for number in range(5)]
    rows = services.usage_store.daily_usage(first=BEGINNING.date(), last=dt.date(2100, 1, 1), tenant_ids=tenants)
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows.iter_rows(named=True):
        for action in Action:
            found[row["tenant_id"], str(row["day"]), str(action)] += row[action]
    return +found


def expected(rows: Sequence[dict[str, str]]) -> Counter[tuple[str, str, str]]:
    names = {action.event_type: str(action) for action in Action}
    return Counter((row["tenant_id"], row["time"][:10], names[row["type"]]) for row in rows)


def test_a_file_without_a_mapping_is_imported_and_counted_once(
    signtally: Command, real_services: Services, tmp_path: Path
) -> None:
    rows = actions(200)
    write_csv(tmp_path / "past.csv", rows)
    pl.DataFrame(rows).write_parquet(tmp_path / "past.parquet")
    done = signtally("import", "past.csv", "--json").answer
    assert done == {
        "source": "past.csv",
        "rows": 200,
        "stored": 200,
        "duplicates": 0,
        "rejected": {},
        "rejects": None,
        "already_imported": False,
    }
    assert signtally("import", "past.csv", "--json").answer == {**done, "already_imported": True}
    again = {**done, "stored": 0, "duplicates": 200}
    assert signtally("import", "past.csv", "--restart", "--json").answer == again
    assert signtally("import", "past.parquet", "--json").answer == {**again, "source": "past.parquet"}
    signtally("aggregate")
    assert counted(real_services) == expected(rows)


def test_an_import_that_is_terminated_says_how_it_goes_on(real_services: Services, tmp_path: Path) -> None:
    write_csv(tmp_path / "past.csv", actions(ROWS, apart=dt.timedelta(minutes=20)))
    with importing(real_services, tmp_path) as process:
        while position(real_services) < 0:
            assert process.poll() is None, "it ended before it could be stopped"
        process.terminate()
        _, complaint = process.communicate()
    assert process.returncode == 130
    assert b"the same command, without --restart, goes on" in complaint
    assert b"Traceback" not in complaint


def test_what_came_through_the_queue_is_counted_once(
    signtally: Command, real_services: Services, tmp_path: Path
) -> None:
    rows = actions(40)
    for row in rows[:25]:
        attributes = {name: row[name] for name in ("id", "source", "type", "time")}
        data = {name: row[name] for name in COLUMNS if name not in attributes}
        real_services.queue.send([OutgoingMessage(json.dumps({"specversion": "1.0", **attributes, "data": data}))])
    assert signtally("ingest", "--json").answer["stored"] == 25
    write_csv(tmp_path / "past.csv", rows)
    done = signtally("import", "past.csv", "--json").answer
    assert (done["stored"], done["duplicates"]) == (15, 25)
    signtally("aggregate")
    assert counted(real_services) == expected(rows)


def test_rows_that_cannot_be_are_written_with_line_and_reason(
    signtally: Command, real_services: Services, tmp_path: Path
) -> None:
    good = actions(3)
    bad = [
        {**good[0], "id": "no type", "type": "document.read"},
        {**good[0], "id": "old", "time": "1999-12-31T00:00:00Z"},
        {**good[0], "id": "", "user_name": 'say "hi"'},
    ]
    write_csv(tmp_path / "past.csv", [good[0], bad[0], good[1], *bad[1:], good[2]])
    with (tmp_path / "past.csv").open("ab") as file:
        file.write(b"too,few\n\xe4\xf6,x\n")
    ran = signtally("import", "past.csv")
    assert ran.code == 0
    assert "WARNING: 5 rows were rejected; past.csv.rejects.jsonl says which and why" in ran.err
    rejects = [json.loads(line) for line in (tmp_path / "past.csv.rejects.jsonl").read_text().splitlines()]
    assert [(each["line"], each["reason"]) for each in rejects] == [
        (4, "unknown-type"),  # names take two lines here
        (7, "time-before-2000"),
        (9, "bad-id"),
        (11, "wrong-column-count"),
        (12, "not-utf-8"),
    ]
    assert rejects[0]["row"] == bad[0]
    assert rejects[3]["row"] == "too,few"
    assert signtally("import", "past.csv", "--rejects", "again.jsonl", "--json").answer["rejects"] == "again.jsonl"
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "past.csv.rejects.jsonl").read_bytes()
    signtally("aggregate")
    assert counted(real_services) == expected(good)


def test_a_database_is_read_by_a_mapping(
    signtally: Command, real_services: Services, postgresql: str, tmp_path: Path
) -> None:
    rows = actions(300)
    names = {action.event_type: str(action).upper() for action in Action}
    mapping = [
        "query = \"SELECT * FROM actions WHERE kind NOT LIKE '%NOISE%'\"",
        'order_by = "number"',
        'time_zone = "Asia/Kathmandu"',
        "[columns]",
        'id = "number"',
        'type = "kind"',
        'time = "at"',
        'tenant_id = "account"',
        'user_id = "person"',
        'document_id = "number"',
        "[constants]",
        'source = "/portal/legacy"',
        "[types]",
        *(f'{theirs} = "{ours}"' for ours, theirs in names.items()),
    ]
    (tmp_path / "mapping.toml").write_text("\n".join(mapping))
    with psycopg.connect(postgresql) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE actions (number bigserial PRIMARY KEY, at timestamp, kind text, account text, person text)"
        )
        cursor.executemany(
            "INSERT INTO actions (at, kind, account, person) VALUES (%(time)s::timestamptz at time zone"
            " 'Asia/Kathmandu', %(kind)s, %(tenant_id)s, %(user_id)s)",
            [{**row, "kind": names[row["type"]]} for row in rows],
        )
    variable = {"PORTAL": postgresql}
    ran = signtally("import", "env:PORTAL", "--mapping", "mapping.toml", "--json", environment=variable)
    assert (ran.answer["rows"], ran.answer["stored"], ran.answer["rejected"]) == (300, 300, {})
    again = signtally("import", postgresql, "--mapping", "mapping.toml", "--json")
    assert again.answer["already_imported"], "the same database, however its address is given"
    for text in (ran.out, ran.err, again.out, again.err):
        assert "pass" not in text
    assert all(b"pass" not in real_services.objects.get(found.key).body for found in states(real_services))
    signtally("aggregate")
    assert counted(real_services) == expected(rows)


@pytest.mark.timeout(240)
def test_an_import_that_is_killed_ends_like_one_that_never_was(
    signtally: Command, real_services: Services, tmp_path: Path
) -> None:
    rows = actions(ROWS, apart=dt.timedelta(minutes=20))
    bad = {number: {**rows[number], "type": "document.read"} for number in range(0, ROWS, 700)}
    write_csv(tmp_path / "past.csv", [bad.get(number, row) for number, row in enumerate(rows)])
    for chunks in range(3):
        with importing(real_services, tmp_path) as process:
            while position(real_services) < chunks:
                assert process.poll() is None, "it ended before it could be killed"
            process.send_signal(signal.SIGKILL)
    done = signtally("import", "past.csv", "--json").answer
    good = [row for number, row in enumerate(rows) if number not in bad]
    assert (done["rows"], done["stored"], done["duplicates"]) == (ROWS, len(good), 0)
    rejects = (tmp_path / "past.csv.rejects.jsonl").read_text().splitlines()
    assert [json.loads(line)["row"]["id"] for line in rejects] == [row["id"] for row in bad.values()]
    signtally("aggregate")
    assert counted(real_services) == expected(good)


@contextmanager
def importing(services: Services, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [SIGNTALLY, "import", "past.csv"],
        env=os.environ | names_of(services.settings),
        cwd=directory,
        stderr=subprocess.PIPE,
    ) as process:
        yield process


def states(services: Services) -> list[Any]:
    return [found for found in services.objects.list_objects("state/imports/") if found.key.endswith(".json")]


def position(services: Services) -> int:
    """How many chunks are recorded; -1 before the import has begun."""
    found = states(services)
    return int(json.loads(services.objects.get(found[0].key).body)["chunks"]) if found else -1


@pytest.mark.usefixtures("real_services")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv"], ["nowhere.csv cannot be read"]),
        (["env:NOWHERE"], ["NOWHERE is not set"]),
        (["postgresql://tests:secret@127.0.0.1:1/x"], ["needs a mapping with query and order_by"]),
        (["few.csv"], ["no column source, type, time", "--mapping"]),
        (["few.csv", "--mapping", "nowhere.toml"], ["nowhere.toml cannot be read"]),
        (["few.csv", "--mapping", "few.csv"], ["is not TOML"]),
        (["few.csv", "--mapping", "wrong.toml"], ["invalid mapping", "colour"]),
        (["few.csv", "--mapping", "query.toml"], ["few.csv is a file"]),
        (
            ["postgresql://tests:secret@127.0.0.1:1/x", "--mapping", "query.toml"],
            ["postgresql://tests@127.0.0.1:1/x cannot be reached now"],
        ),
    ],
)
def test_what_cannot_be_imported_says_why_and_keeps_secrets(
    signtally: Command, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    (tmp_path / "few.csv").write_text("id,account\n1,acme\n")
    (tmp_path / "wrong.toml").write_text('[columns]\ncolour = "red"\n')
    (tmp_path / "query.toml").write_text('query = "SELECT 1 AS id"\norder_by = "id"\n')
    ran = signtally("import", *arguments)
    assert ran.failed_with(*words), ran.err
    assert "secret" not in ran.err
