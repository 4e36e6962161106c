"""boto3 clients, made once, for real AWS or for endpoints on this machine."""

import functools
import os
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

from signtally.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_timestream_query import TimestreamQueryClient
    from mypy_boto3_timestream_write import TimestreamWriteClient

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# What a local AWS accepts; used only where the endpoint is on this machine and nothing else is configured. ministack
# takes any key for a request with headers, but in a presigned URL only this one.
_LOCAL_CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
_LOCAL_REGION = "us-east-1"
_CONNECTIONS = 32
SERVICES = ("sqs", "s3", "sesv2", "timestream-write", "timestream-query")


def is_loopback(url: str | None) -> bool:
    return url is not None and urlsplit(url).hostname in _LOOPBACK


def configured_endpoint(service: str) -> str | None:
    """The endpoint that the standard variables name for a service such as `timestream-write`; None: AWS's own."""
    if service == "sesv2" and (shared := os.environ.get("AWS_ENDPOINT_URL_SES")):
        return os.environ.get("AWS_ENDPOINT_URL_SESV2") or shared  # one variable is enough for both generations of SES
    return os.environ.get(f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}") or os.environ.get("AWS_ENDPOINT_URL")


class AwsClients:
    """Each client is made at its first use and kept; clients are thread-safe."""

    def __init__(self) -> None:
        core = botocore.session.get_session()
        if all(is_loopback(configured_endpoint(service)) for service in SERVICES):
            # Nobody runs an instance profile for a local AWS, and looking for one takes seconds.
            core.get_component("credential_provider").remove("iam-role")
        self._session = boto3.Session(botocore_session=core, region_name=os.environ.get("AWS_REGION"))

    @functools.cached_property
    def sqs(self) -> "SQSClient":
        # A long poll takes 20 s; an answer that takes much longer will not come.
        return cast("SQSClient", self._client("sqs", read_timeout=30))

    @functools.cached_property
    def s3(self) -> "S3Client":
        return cast("S3Client", self._client("s3", signature_version="s3v4", s3={"addressing_style": self._s3_style}))

    @functools.cached_property
    def ses(self) -> "SESV2Client":
        # SendEmail is not idempotent: botocore would send again what was taken and not answered.
        once = {"mode": "standard", "total_max_attempts": 1}
        return cast("SESV2Client", self._client("sesv2", retries=once))

    @functools.cached_property
    def timestream_write(self) -> "TimestreamWriteClient":
        return cast("TimestreamWriteClient", self._client("timestream-write"))

    @functools.cached_property
    def timestream_query(self) -> "TimestreamQueryClient":
        return cast("TimestreamQueryClient", self._client("timestream-query", read_timeout=120))

    @property
    def _s3_style(self) -> str:
        return "path" if is_loopback(configured_endpoint("s3")) else "auto"

    def _client(self, service: str, **options: Any) -> object:  # noqa: ANN401 -- botocore's Config takes many types
        endpoint = configured_endpoint(service)
        config = Config(
            **{
                "connect_timeout": 5,
                "read_timeout": 60,
                "max_pool_connections": _CONNECTIONS,
                "retries": {"mode": "standard", "total_max_attempts": 4},
                **options,
            }
        )
        local: dict[str, str] = {}
        if is_loopback(endpoint):
            if self._session.get_credentials() is None:
                local |= _LOCAL_CREDENTIALS
            if self._session.region_name is None:
                local["region_name"] = _LOCAL_REGION
        # Without endpoint_url boto3 reads the standard variables itself, and discovers Timestream's endpoints as it
        # does in production; only SES's shared variable must be passed on.
        if service == "sesv2" and endpoint is not None:
            local["endpoint_url"] = endpoint
        with translated(service, "a client"):
            return self._session.client(service, config=config, **local)  # type: ignore[call-overload]
