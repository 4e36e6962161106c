"""boto3 clients, made once, for real AWS or for endpoints on this machine."""

import contextlib
import dataclasses
import datetime as dt
import functools
import os
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from botocore.handlers import add_expect_header
from botocore.loaders import Loader, create_loader
from botocore.utils import parse_timestamp

from signtally.aws.errors import map_errors
from signtally.aws.measuring import measure
from signtally.ports.errors import ServiceError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_timestream_query import TimestreamQueryClient
    from mypy_boto3_timestream_write import TimestreamWriteClient

    from signtally.aws.ses_events import SnsClient

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# What a local AWS accepts; used only where the endpoint is on this machine and nothing else is configured. ministack
# takes any key for a request with headers, but in a presigned URL only this one.
_LOCAL_CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
_LOCAL_REGION = "us-east-1"
_CONNECTIONS = 32
_USER_AGENT = "signtally"  # of its own, botocore puts one of ten parts together for each request, twice
_BESIDE_SES = {"sesv2", "sns"}  # one endpoint serves both generations of SES, and the topics that SES writes to
SERVICES = ("sqs", "s3", "sesv2", "sns", "timestream-write", "timestream-query")


def _web_address(url: str, *, variable: str) -> str:
    """The *url* itself. Raises ServiceError for what no client can call."""
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise ServiceError(f"{variable}: {url!r} is no web address: write http://127.0.0.1:4566, or leave it unset")
    return url


def is_loopback(url: str | None) -> bool:
    return url is not None and urlsplit(url).hostname in _LOOPBACK


@dataclasses.dataclass(frozen=True, slots=True)
class ClientTimeouts:
    """How long a client waits for a service, and how often it asks."""

    connect_seconds: float = 5
    read_seconds: float | None = None  # None: as long as the service may take
    attempts: int = 4
    retry_on_read_timeout: bool = True


BATCH_TIMEOUTS = ClientTimeouts()
# A person waits in front of the API. A service that was silent so long is stalled, and asking it again would double
# the wait; what fails at once is asked once more.
INTERACTIVE_TIMEOUTS = ClientTimeouts(connect_seconds=2, read_seconds=5, attempts=2, retry_on_read_timeout=False)


class AwsClients:
    """Each client is made at its first use and kept; clients are thread-safe.

    Raises ServiceError where a variable or file of AWS's cannot be read.
    """

    def __init__(self, timeouts: ClientTimeouts = BATCH_TIMEOUTS) -> None:
        self._timeouts = timeouts
        core = botocore.session.get_session()
        with map_errors("AWS", "its configuration"):  # a profile that is not there, a file that cannot be read
            models = _service_models(core.get_config_variable("data_path"))
        core.register_component("data_loader", models)
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_instant)
        self._ignores_endpoints = bool(core.get_config_variable("ignore_configured_endpoint_urls"))
        endpoints = [self._configured_endpoint(service) for service in SERVICES]
        if all(map(is_loopback, endpoints)):
            # Nobody runs an instance profile for a local AWS, and looking for one takes seconds.
            core.get_component("credential_provider").remove("iam-role")
        self._session = boto3.Session(botocore_session=core, region_name=os.environ.get("AWS_REGION"))
        models.search_paths[:] = dict.fromkeys(models.search_paths)  # to which each boto3 session adds its own again

    @property
    def endpoints(self) -> dict[str, str]:
        """Where each client will really send its requests, whatever variables and files led there."""
        clients: tuple[Any, ...] = (self.sqs, self.s3, self.ses, self.sns, self.timestream_write, self.timestream_query)
        return {client.meta.service_model.service_name: client.meta.endpoint_url for client in clients}

    @functools.cached_property
    def sqs(self) -> "SQSClient":
        # A long poll takes 20 s; an answer that takes much longer will not come.
        return cast("SQSClient", self._client("sqs", read_seconds=30))

    @functools.cached_property
    def s3(self) -> "S3Client":
        s3 = self._client("s3", signature_version="s3v4", s3={"addressing_style": self._s3_style})
        # To ask for leave before each body, however small, would make two round trips of every put.
        s3.meta.events.unregister("before-call.s3", add_expect_header)
        return cast("S3Client", s3)

    @functools.cached_property
    def ses(self) -> "SESV2Client":
        # SendEmail is not idempotent: botocore would send again what was taken and not answered.
        once = {"mode": "standard", "total_max_attempts": 1}
        return cast("SESV2Client", self._client("sesv2", retries=once))

    @functools.cached_property
    def sns(self) -> "SnsClient":
        """Where SES is: what stands in for the one on this machine does so for the other."""
        return cast("SnsClient", self._client("sns"))

    @functools.cached_property
    def timestream_write(self) -> "TimestreamWriteClient":
        return cast("TimestreamWriteClient", self._client("timestream-write"))

    @functools.cached_property
    def timestream_query(self) -> "TimestreamQueryClient":
        return cast("TimestreamQueryClient", self._client("timestream-query", read_seconds=120))

    @property
    def _s3_style(self) -> str:
        return "path" if is_loopback(self._configured_endpoint("s3")) else "auto"

    def _configured_endpoint(self, service: str) -> str | None:
        """The endpoint that the standard variables name for a service such as `timestream-write`; None: AWS's own.

        Raises ServiceError for what is no address.
        """
        if self._ignores_endpoints:
            return None
        names = [f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"]
        names += ["AWS_ENDPOINT_URL_SES"] if service in _BESIDE_SES else []
        for name in (*names, "AWS_ENDPOINT_URL"):
            if endpoint := os.environ.get(name):
                return _web_address(endpoint, variable=name)
        return None

    def _client(self, service: str, *, read_seconds: float = 60, **options: Any) -> Any:  # noqa: ANN401 -- boto3's own
        endpoint = self._configured_endpoint(service)
        config = Config(
            **{
                "connect_timeout": self._timeouts.connect_seconds,
                "read_timeout": self._timeouts.read_seconds or read_seconds,
                "max_pool_connections": _CONNECTIONS,
                "user_agent": _USER_AGENT,
                "retries": {"mode": "standard", "total_max_attempts": self._timeouts.attempts},
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
        if service in _BESIDE_SES and endpoint is not None:
            local["endpoint_url"] = endpoint
        with map_errors(service, "a client"):
            client = self._session.client(service, config=config, **local)  # type: ignore[call-overload]
        if not self._timeouts.retry_on_read_timeout:
            service_id = client.meta.service_model.service_id.hyphenize()
            client.meta.events.register_first(f"needs-retry.{service_id}", _not_after_silence)
        measure(client)
        return client


@functools.cache
def _service_models(data_path: str | None) -> Loader:
    """Botocore's descriptions of the services, read once a process: parsing those of five services takes 0.1 s."""
    return create_loader(data_path)


def _not_after_silence(caught_exception: Exception | None = None, **_: object) -> bool | None:
    """What botocore is told first about a retry: no after a read timeout; None leaves it to its retry mode."""
    return False if isinstance(caught_exception, ReadTimeoutError) else None


def _instant(value: Any) -> dt.datetime:  # noqa: ANN401 -- a text or a number, as the service writes it
    """An instant in an answer. botocore tries every notation on each, and a listing of S3 has a thousand.

    Every object of S3 comes with a header of HTTP's own notation, which took a quarter of reading it.
    """
    if isinstance(value, str) and value.endswith("Z"):
        return dt.datetime.fromisoformat(value)
    if isinstance(value, str) and value.endswith(" GMT"):
        with contextlib.suppress(ValueError):
            return parsedate_to_datetime(value)
    parsed: dt.datetime = parse_timestamp(value)
    return parsed
