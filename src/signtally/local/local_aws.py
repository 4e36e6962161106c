"""The local AWS: ministack for SQS, S3 and SES, timestream-local for Timestream, with their state in one directory."""

import dataclasses
import fcntl
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import httpx

from signtally.local.errors import LocalError
from signtally.local.processes import ChildError, Program
from signtally.loopback import LOOPBACK, require_free

DEFAULT_PORT = 4566
DEFAULT_TIMESTREAM_PORT = 8086
_LOCK = "lock"


class DataInUseError(LocalError):
    """Another local AWS keeps its state in this directory, or it holds other files."""


@dataclasses.dataclass(frozen=True, slots=True)
class LocalAws:
    """The ports and the state directory of a local AWS (SQS and SES in `state`, S3 in `s3`, Timestream in one file)."""

    port: int
    timestream_port: int
    data: Path

    @property
    def environment(self) -> dict[str, str]:
        """The standard variables that point boto3, and so every command, at it."""
        aws, timestream = f"http://{LOOPBACK}:{self.port}", f"http://{LOOPBACK}:{self.timestream_port}"
        return {
            "AWS_ENDPOINT_URL_SQS": aws,
            "AWS_ENDPOINT_URL_S3": aws,
            "AWS_ENDPOINT_URL_SES": aws,
            "AWS_ENDPOINT_URL_SESV2": aws,
            "AWS_ENDPOINT_URL_TIMESTREAM_WRITE": timestream,
            "AWS_ENDPOINT_URL_TIMESTREAM_QUERY": timestream,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",  # what boto3 itself reads
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def programs(self, *, fresh: bool = False, timestream: bool = True) -> list[Program]:
        """Both servers, or ministack alone without *timestream*, with the state in *data*, or empty when *fresh*.

        Raises ChildError when the extra `local` is not installed, PortInUseError, DataInUseError.
        """
        for module in ("ministack", "duckdb", "sqlglot"):
            if importlib.util.find_spec(module) is None:
                raise ChildError(f"the local AWS needs {module}: install signtally[local], or run `make setup`")
        require_free(self.port, what="the local AWS", option="--port")
        if timestream:
            require_free(self.timestream_port, what="the local Timestream", option="--timestream-port")
        self.data.mkdir(parents=True, exist_ok=True)
        if fresh and any(self.data.iterdir()) and not (self.data / _LOCK).exists():
            raise DataInUseError(f"{self.data} holds other things than a local AWS: choose another with --data")
        self._lock_data()
        if fresh:
            self._clear_data()
        return [self._ministack(), self._timestream()] if timestream else [self._ministack()]

    def _lock_data(self) -> None:
        """Lock *data* until this process ends. Raises DataInUseError when another process has it."""
        lock = os.open(self.data / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise DataInUseError(f"{self.data} is in use by another local AWS: choose another with --data") from None

    def _clear_data(self) -> None:
        for state in self.data.iterdir():
            if state.is_dir():
                shutil.rmtree(state)
            elif state.name != _LOCK:
                state.unlink()

    def mails(self) -> list[dict[str, Any]]:
        """The emails that the local SES accepted, in the order of sending: `To`, `Subject`, `BodyText`, `BodyHtml`."""
        answer = httpx.get(f"http://{LOOPBACK}:{self.port}/_ministack/ses/messages").raise_for_status().json()
        return [mail for mails in answer["messages"].values() for mail in mails]

    def _ministack(self) -> Program:
        return Program(
            name="aws",
            command=[sys.executable, "-m", "signtally.local.ministack_program"],
            environment={
                "GATEWAY_PORT": str(self.port),
                "BIND_HOST": LOOPBACK,
                "MINISTACK_HOST": LOOPBACK,
                "S3_PERSIST": "1",
                "S3_DATA_DIR": str(self.data / "s3"),
                "PERSIST_STATE": "1",
                "STATE_DIR": str(self.data / "state"),
                "IOT_MTLS_ENABLED": "0",  # it would listen on every interface
                "LOG_LEVEL": "WARNING",
            },
            health_url=f"http://{LOOPBACK}:{self.port}/_ministack/health",
        )

    def _timestream(self) -> Program:
        file = self.data / "timestream.duckdb"
        command = [sys.executable, "-m", "timestream_local", "--port", str(self.timestream_port), "--data", str(file)]
        return Program(
            name="timestream",
            command=[*command, "--s3-endpoint", f"http://{LOOPBACK}:{self.port}"],
            health_url=f"http://{LOOPBACK}:{self.timestream_port}/_timestream_local/health",
        )
