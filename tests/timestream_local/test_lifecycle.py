"""How the server starts, refuses to start, and ends while queries run."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.timestream_local.timestream_harness import client, running
from timestream_local.protocol.errors import InternalServerError
from timestream_local.query import execution
from timestream_local.service import Service
from timestream_local.store.storage import Storage

PROGRAM = [sys.executable, "-m", "timestream_local"]
ENDLESS = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE (a.range + b.range) % 7 = 3"


def refusal(*arguments: str) -> str:
    """What the program says when it will not start."""
    ended = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode not in (0, None)
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_file_that_cannot_be_served_is_said_in_one_line(tmp_path: Path) -> None:
    junk = tmp_path / "junk.duckdb"
    junk.write_text("no database " * 1_000)
    assert "not a valid DuckDB database file" in refusal("--port", "0", "--data", str(junk))
    assert "No such file or directory" in refusal("--port", "0", "--data", str(tmp_path / "absent" / "x.duckdb"))


def test_a_file_that_another_server_has_open_is_refused(data: Path) -> None:
    with running("--data", str(data)):
        assert "lock" in refusal("--port", "0", "--data", str(data))


def test_options_that_cannot_be(tmp_path: Path) -> None:
    assert "not between 0 and 65535" in refusal("--memory", "--port", "65536")
    assert "not allowed with" in refusal("--memory", "--data", str(tmp_path / "x.duckdb"))


def test_the_program_takes_host_port_file_and_s3(data: Path) -> None:
    port = free_port()
    given = ["--host", "127.0.0.1", "--port", str(port), "--data", str(data), "--s3-endpoint", "http://127.0.0.1:1"]
    with subprocess.Popen([*PROGRAM, *given], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"timestream-local listens on http://127.0.0.1:{port}\n"
        client("timestream-write", f"http://127.0.0.1:{port}").create_database(DatabaseName="kept")
        process.terminate()
    assert process.returncode == 0
    with running("--data", str(data)) as again:
        assert again.rows("SHOW DATABASES") == [["kept"]]


def test_the_end_breaks_off_queries_that_run(data: Path) -> None:
    """DuckDB refuses to close a file under a running query, and the process would wait for the query for ever."""
    service = Service(Storage(str(data)))
    started = threading.Event()

    def ask() -> None:
        with service.storage.reader() as cursor, execution.duckdb_errors():
            started.set()
            cursor.execute(ENDLESS)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        assert started.wait(60)
        service.close()
        with pytest.raises(InternalServerError, match="shutting down"):
            asked.result(timeout=30)
    with pytest.raises(InternalServerError, match="shutting down"), service.storage.reader():
        pass
