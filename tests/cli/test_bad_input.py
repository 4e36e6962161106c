"""What an operator does wrong, or finds down: a clear message, a non-zero exit, nothing half-written."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from signtally import wiring
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Program, Supervisor
from signtally.loopback import LOOPBACK
from signtally.settings import Settings
from signtally.stores.reports import Reports
from tests.support.aws_programs import log_to_stderr
from tests.support.commands import Command
from tests.support.ports import free_port

NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture(scope="module")
def guarded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A local AWS that knows one access key, and refuses every other."""
    port = free_port()
    state = tmp_path_factory.mktemp("guarded")
    program = Program(
        name="guarded",
        command=[sys.executable, "-m", "ministack"],
        environment={
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "the-right-key",
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "STATE_DIR": str(state),
        },
        health_url=f"http://{LOOPBACK}:{port}/_ministack/health",
    )
    with Supervisor(log=log_to_stderr) as supervisor:
        supervisor.start(program)
        supervisor.wait_until_ready()
        yield f"http://{LOOPBACK}:{port}"


@pytest.mark.usefixtures("local_aws")
@pytest.mark.parametrize("command", [["ingest"], ["emit", "--events", "10"]])
def test_a_queue_that_does_not_exist(signtally: Command, command: list[str]) -> None:
    assert signtally(*command).failed_with("does not exist", "signtally provision")


@pytest.mark.usefixtures("local_aws")
def test_wrong_credentials(signtally: Command, guarded_aws: str) -> None:
    wrong = {"AWS_ENDPOINT_URL_SQS": guarded_aws, "AWS_ACCESS_KEY_ID": "another-key"}
    assert signtally("ingest", environment=wrong).failed_with("SQS refused the credentials")


@pytest.mark.usefixtures("local_aws")
def test_s3_down_at_the_start(signtally: Command) -> None:
    ran = signtally("report", "--tenant", "acme", "--period", "2026-10", environment={"AWS_ENDPOINT_URL_S3": NOWHERE})
    assert ran.failed_with("S3 cannot be reached", "AWS_ENDPOINT_URL")


@pytest.mark.usefixtures("local_aws")
def test_timestream_down_leaves_the_messages_on_the_queue(signtally: Command, real_settings: Settings) -> None:
    signtally("provision")
    signtally("emit", "--events", "50", "--tenants", "2", "--days", "1")
    down = {"AWS_ENDPOINT_URL_TIMESTREAM_WRITE": NOWHERE}
    assert signtally("ingest", "--budget", "2", environment=down).failed_with("Timestream", "cannot be reached")
    # The messages come back when their visibility ends; nothing was dead-lettered and nothing is lost.
    services = wiring.services(real_settings)
    depth = services.queue.depth()
    assert depth.visible + depth.in_flight > 0
    assert services.dead_letters.depth().visible == 0
    assert signtally("ingest", "--json").answer["stored"] == 50


@pytest.mark.usefixtures("local_aws")
def test_a_period_in_the_future_leaves_nothing_behind(signtally: Command, real_settings: Settings) -> None:
    signtally("provision")
    assert signtally("report", "--tenant", "acme", "--period", "2999").failed_with("after today")
    assert list(Reports(wiring.services(real_settings).objects).report_ids("acme")) == []


@pytest.mark.parametrize("period", ["2026-13", "2026-W54", "last month", "2026-10-32", ""])
@pytest.mark.usefixtures("local_aws")
def test_what_is_no_period(signtally: Command, period: str) -> None:
    signtally("provision")
    assert signtally("report", "--tenant", "acme", "--period", period).failed_with(repr(period))


@pytest.mark.usefixtures("local_aws")
def test_an_invalid_profile_stores_none_of_its_neighbours(signtally: Command, tmp_path: Path) -> None:
    signtally("provision")
    profiles = [{"tenant_id": "good"}, {"tenant_id": "bad", "timezone": "Europe/Atlantis", "colour": "red"}]
    (tmp_path / "profiles.json").write_text(json.dumps(profiles))
    ran = signtally("tenants", "put", "profiles.json")
    assert ran.failed_with("profiles.json, profile 2", "timezone", "Europe/Atlantis", "colour")
    assert signtally("tenants", "list", "--json").answer == {"tenants": []}


def test_a_profile_that_is_not_json(signtally: Command, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text("{")
    assert signtally("tenants", "put", "profile.json").failed_with("profile.json is not JSON")


def test_a_profile_that_gives_a_field_twice(signtally: Command, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text('{"tenant_id": "acme", "schedules": [], "schedules": []}')
    assert signtally("tenants", "put", "profile.json").failed_with("profile.json gives schedules more than once")


def test_a_profile_that_is_nested_too_deeply(signtally: Command, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text("[" * 100_000)
    assert signtally("tenants", "put", "profile.json").failed_with("profile.json is not JSON")


def test_two_profiles_of_one_tenant_store_neither(signtally: Command, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"tenant_id": "acme", "name": name}))
    assert signtally("tenants", "put", "old.json", "new.json").failed_with("more than one profile is given for acme")


def test_a_port_in_use(signtally: Command, taken_port: int) -> None:
    assert signtally("local", "--port", str(taken_port)).failed_with(f"port {taken_port}", "--port")


def test_a_data_directory_in_use(signtally: Command, local_aws: LocalAws) -> None:
    ports = ("--port", str(free_port()), "--timestream-port", str(free_port()))
    assert signtally("local", *ports, "--data", str(local_aws.data)).failed_with("in use by another", "--data")


def test_a_directory_with_other_things_is_left_alone(signtally: Command, tmp_path: Path) -> None:
    (tmp_path / "mine/demo").mkdir(parents=True)
    (tmp_path / "mine/demo/thesis.txt").write_text("years of work")
    assert signtally("demo", "--once", "--output", "mine/demo").failed_with("holds other things", "--output")
    assert signtally("demo", "--once", "--data", "mine").failed_with("holds other things", "--data")
    assert (tmp_path / "mine/demo/thesis.txt").read_text() == "years of work"


def test_the_api_on_a_port_in_use(signtally: Command, local_aws: LocalAws, taken_port: int) -> None:
    del local_aws
    assert signtally("api", "--port", str(taken_port)).failed_with(f"port {taken_port}", "--port")


def test_the_api_trusts_no_development_key_beside_a_real_aws(signtally: Command) -> None:
    endpoints = dict.fromkeys(
        (f"AWS_ENDPOINT_URL_{each}" for each in ("SQS", "S3", "SES", "TIMESTREAM_WRITE", "TIMESTREAM_QUERY")),
        "https://aws.signtally.example",
    )
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}
    assert signtally("api", "--port", str(free_port()), environment={**endpoints, **keys}).failed_with(
        "SIGNTALLY_JWKS_URL"
    )


def test_an_instant_without_an_offset(signtally: Command) -> None:
    assert signtally("digests", "run", "--now", "2026-11-01T07:00").failed_with("no UTC offset")


@pytest.mark.usefixtures("local_aws")
def test_a_setting_that_is_wrong_is_named(signtally: Command) -> None:
    assert signtally("ingest", environment={"SIGNTALLY_URL_TTL": "soon"}).failed_with("url_ttl", "15m")


@pytest.mark.usefixtures("local_aws")
def test_a_boto3_of_the_tests_own_sees_the_same_queue(signtally: Command, real_settings: Settings) -> None:
    signtally("provision")
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.get_queue_url(QueueName=real_settings.queue)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="not an event")
    assert signtally("ingest", "--json").answer["dead_letters"] == {"not-json": 1}
