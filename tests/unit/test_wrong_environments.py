"""Variables of AWS and Prefect that lead nowhere: the error names them and says what to write."""

from pathlib import Path

import pytest

from signtally.aws.clients import AwsClients
from signtally.deploying import explain
from signtally.ports.errors import ServiceError


@pytest.mark.parametrize(
    "address", ["nonsense", "http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:0", "ftp://a"]
)
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SES", "AWS_ENDPOINT_URL"])
def test_an_endpoint_that_is_no_address_is_named(variable: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_SESV2", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_SNS", raising=False)
    for service in ("SQS", "S3", "SES", "TIMESTREAM_WRITE", "TIMESTREAM_QUERY"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service}", raising=False)
    monkeypatch.setenv(variable, address)
    with pytest.raises(ServiceError, match=f"^{variable}: .* is no web address: write "):
        AwsClients()


def test_a_profile_or_file_of_aws_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ServiceError, match=r"AWS: its configuration: .*nobody"):
        AwsClients()
    (tmp_path / "config").write_bytes(b"\xff\xfe")
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(ServiceError, match="AWS: its configuration: "):
        AwsClients()


def test_a_prefect_server_that_cannot_be_reached_is_one_sentence() -> None:
    trace = "  raise mapped_exc(message) from exc\nhttpx.ConnectError: All attempts failed\nAn exception occurred."
    assert explain(trace).startswith("Prefect's server cannot be reached (All attempts failed): is it running")
    assert explain("no such pool") == "flows, limits and alarms could not be deployed:\nno such pool"
