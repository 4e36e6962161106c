"""The local AWS: ministack for SQS, S3 and SES, timestream-local for Timestream, with their state in one directory."""

import dataclasses
import importlib.util
import sys
from pathlib import Path

from signtally.local.ports import LOOPBACK, require_free
from signtally.local.processes import ChildError, Program

DEFAULT_PORT = 4566
DEFAULT_TIMESTREAM_PORT = 8086


@dataclasses.dataclass(frozen=True, slots=True)
class LocalAws:
    """Where it listens and where it keeps its state (SQS and SES in `state`, S3 in `s3`, Timestream in one file)."""

    port: int
    timestream_port: int
    data: Path

    @property
    def environment(self) -> dict[str, str]:
        """The standard variables that point boto3 at it; they are all that any command needs."""
        aws, timestream = f"http://{LOOPBACK}:{self.port}", f"http://{LOOPBACK}:{self.timestream_port}"
        return {
            "AWS_ENDPOINT_URL_SQS": aws,
            "AWS_ENDPOINT_URL_S3": aws,
            "AWS_ENDPOINT_URL_SES": aws,
            "AWS_ENDPOINT_URL_SESV2": aws,
            "AWS_ENDPOINT_URL_TIMESTREAM_WRITE": timestream,
            "AWS_ENDPOINT_URL_TIMESTREAM_QUERY": timestream,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def programs(self) -> list[Program]:
        """Both servers; raise ChildError without the extra `local`, PortInUseError when a port is taken."""
        for module in ("ministack", "duckdb", "sqlglot"):
            if importlib.util.find_spec(module) is None:
                raise ChildError(f"the local AWS needs {module}: install signtally[local], or run `make setup`")
        require_free(self.port, what="the local AWS", option="--port")
        require_free(self.timestream_port, what="the local Timestream", option="--timestream-port")
        self.data.mkdir(parents=True, exist_ok=True)
        return [self._ministack(), self._timestream()]

    def _ministack(self) -> Program:
        return Program(
            name="aws",
            command=[sys.executable, "-m", "ministack"],
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
