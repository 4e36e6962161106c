"""What the API trusts, and what it refuses to start with."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from signtally import wiring
from signtally.local.local_aws import LocalAws
from signtally.settings import Settings

ADDRESS = "https://login.example.com/keys"


@pytest.fixture
def local_endpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The standard variables of a local AWS that need not run; give back where boto3 reads its configuration."""
    for name, value in LocalAws(4566, 8086, tmp_path).environment.items():
        monkeypatch.setenv(name, value)
    configuration = tmp_path / "config"
    configuration.write_text("[default]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))
    return configuration


@pytest.mark.usefixtures("local_endpoints")
def test_endpoints_on_this_machine_are_local() -> None:
    assert wiring.only_loopback_endpoints()


@pytest.mark.parametrize("service", ["SQS", "S3", "SES", "TIMESTREAM_WRITE", "TIMESTREAM_QUERY"])
def test_one_that_is_elsewhere_is_enough(local_endpoints: Path, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    del local_endpoints
    monkeypatch.delenv("AWS_ENDPOINT_URL_SESV2")
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "https://aws.example.com")
    assert not wiring.only_loopback_endpoints()


def test_endpoints_that_boto3_is_told_to_ignore_are_not_local(
    local_endpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such clients call the real AWS, whatever the variables name."""
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert not wiring.only_loopback_endpoints()
    monkeypatch.delenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
    local_endpoints.write_text("[default]\nignore_configured_endpoint_urls = true\n")
    assert not wiring.only_loopback_endpoints()


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_key_set_address_is_none(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_JWKS_URL", empty)
    assert Settings().jwks_url is None


@pytest.mark.parametrize("wrong", ["login.example.com/keys", "file:///etc/keys.json", "https://", "keys"])
def test_a_key_set_address_that_nobody_could_read_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_JWKS_URL", wrong)
    with pytest.raises(ValidationError, match="is no web address: set SIGNTALLY_JWKS_URL"):
        Settings()
    monkeypatch.setenv("SIGNTALLY_JWKS_URL", f" {ADDRESS} ")
    assert Settings().jwks_url == ADDRESS
