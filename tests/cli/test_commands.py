"""The contract's commands, as a script would call them."""

import json
from pathlib import Path

import pytest

from signtally.local.local_aws import LocalAws
from tests.support.commands import Command, Program


@pytest.mark.usefixtures("local_aws")
def test_a_script_takes_traffic_from_the_queue_to_a_file(signtally_program: Program, tmp_path: Path) -> None:
    assert signtally_program("provision", "--json").code == 0
    assert signtally_program("provision", "--json").code == 0, "provisioning twice is no error"
    traffic = ("--tenants", "4", "--days", "3", "--events", "400", "--seed", "7")
    trouble = ("--duplicates", "0.1", "--late", "0.1", "--junk", "0.1")
    sent = signtally_program("emit", *traffic, *trouble, "--expect", "expected.json", "--json").answer
    expected = json.loads((tmp_path / "expected.json").read_bytes())

    ingested = signtally_program("ingest", "--json").answer
    assert ingested["stored"] == sent["distinct_events"] == 400
    assert ingested["duplicates"] == sent["duplicates"]
    assert ingested["dead_letters"] == sent["dead_letters"]
    assert ingested["received"] == 400 + sent["duplicates"] + sum(sent["dead_letters"].values())
    assert set(ingested) >= {"received", "stored", "duplicates", "dead_letters", "requests"}

    aggregated = signtally_program("aggregate", "--json").answer
    rows = sum(len(user["days"]) for tenant in expected["tenants"].values() for user in tenant["users"].values())
    assert aggregated["rows"] == rows
    assert signtally_program("aggregate", "--json").answer["rows"] == 0, "nothing was touched since"

    tenant_id = max(expected["tenants"], key=lambda each: sum(expected["tenants"][each]["totals"].values()))
    month = expected["until"][:7]
    made = signtally_program(
        "report", "--tenant", tenant_id, "--period", month, "--format", "csv", "-o", "out", "--json"
    ).answer
    assert made["version"] == 1
    assert [file["format"] for file in made["files"]] == ["csv"]
    assert Path(tmp_path, made["files"][0]["path"]).stat().st_size > 0
    again = signtally_program("report", "--tenant", tenant_id, "--period", month, "--format", "csv", "--json").answer
    assert (again["report_id"], again["version"]) == (made["report_id"], 1), "unchanged figures are the same report"
    followed = signtally_program(
        *("report", "--tenant", tenant_id, "--period", month, "--format", "json"),
        *("--basis", "cohort", "--all-users", "-o", "out", "--json"),
    ).answer
    assert followed["report_id"] != made["report_id"]
    told = json.loads(Path(tmp_path, followed["files"][0]["path"]).read_bytes())
    assert (told["about"]["basis"], told["all_users"]) == ("cohort", True)


@pytest.mark.usefixtures("local_aws")
def test_a_program_ends_with_a_code_and_its_errors_go_to_stderr(signtally_program: Program) -> None:
    assert signtally_program("--version").out.startswith("signtally")
    assert signtally_program("report", "--tenant", "acme").code == 2, "a wrong call is 2"
    ran = signtally_program("ingest")
    assert (ran.code, ran.out) == (1, "")
    assert ran.failed_with("does not exist", "signtally provision")


@pytest.mark.usefixtures("local_aws")
def test_a_command_in_this_process_says_what_the_program_says(signtally: Command, signtally_program: Program) -> None:
    """The other tests of commands rest on it."""
    for arguments in (["--help"], ["ingest"], ["report"], ["tenants", "show", "acme", "--json"], ["nothing"]):
        assert signtally(*arguments) == signtally_program(*arguments), arguments


@pytest.mark.usefixtures("local_aws")
def test_profiles_are_stored_listed_and_shown(signtally: Command, tmp_path: Path) -> None:
    signtally("provision")
    (tmp_path / "acme.json").write_text(json.dumps({"tenant_id": "acme", "timezone": "Asia/Kathmandu"}))
    (tmp_path / "two.json").write_text(json.dumps([{"tenant_id": "b/../b"}, {"tenant_id": "c"}]))
    assert signtally("tenants", "put", "acme.json", "two.json", "--json").answer == {"stored": ["acme", "b/../b", "c"]}
    listed = signtally("tenants", "list", "--json").answer["tenants"]
    assert {each["tenant_id"]: each["timezone"] for each in listed} == {
        "acme": "Asia/Kathmandu",
        "b/../b": "UTC",
        "c": "UTC",
    }
    shown = signtally("tenants", "show", "acme", "--json").answer
    assert (shown["timezone"], shown["locale"], shown["week_starts_on"]) == ("Asia/Kathmandu", "en", "monday")
    assert signtally("tenants", "show", "nobody", "--json").answer["timezone"] == "UTC"


@pytest.mark.parametrize(
    "command",
    [
        *("local", "provision", "up", "demo", "emit", "ingest", "aggregate", "import", "report", "token", "api"),
        *("reconcile", "rebuild", "schedules run", "digests run", "tenants put", "tenants list", "tenants show"),
        *("dead-letters list", "dead-letters replay", "schedules due", "deliveries list"),
        *("digests preview", "digests send-now", "digests resend"),
    ],
)
def test_every_command_explains_itself(signtally: Command, command: str) -> None:
    ran = signtally(*command.split(), "--help")
    assert ran.code == 0
    assert "--json" in ran.out


def test_a_token_is_one_json_object(signtally: Command) -> None:
    made = signtally("token", "--tenant", "acme", "--user", "u_1", "--role", "member", "--json")
    assert list(made.answer) == ["token"]


def test_local_aws_is_named_by_the_standard_variables(local_aws: LocalAws) -> None:
    assert {name for name in local_aws.environment if name.startswith("AWS_ENDPOINT_URL_")} == {
        f"AWS_ENDPOINT_URL_{service}"
        for service in ("SQS", "S3", "SES", "SESV2", "TIMESTREAM_WRITE", "TIMESTREAM_QUERY")
    }
