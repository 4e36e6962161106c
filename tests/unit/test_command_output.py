"""What commands print: nothing in it steers the operator's terminal, and a path that cannot be used is named."""

import errno
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import ValidationError

from signtally.cli import main
from signtally.cli.main import signtally
from signtally.cli.output import explain_path, print_result
from signtally.render.files import render
from signtally.saved_files import save
from signtally.settings import Settings
from tests.support.report_samples import IDENTITY
from tests.support.whole_reports import adding_up, filtered_report

HOSTILE = "Acme\x1b[2J\r\nbad\x9b1A\u202eevil\u2028\ud800"
_HELP_COLUMNS = 80 - 2 - 6  # click's margin and indents
PERSIAN = "می\u200cخواهم"


def test_a_name_of_a_customer_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({}, as_json=False, lines=lambda: [f"acme   {HOSTILE}", PERSIAN])
    print_result({"name": HOSTILE}, as_json=False)
    first, second, third = capsys.readouterr().out.split("\n")[:3]
    assert first == "acme   Acme [2J  bad 1A evil  "
    assert second == PERSIAN
    assert third == "name: Acme [2J  bad 1A evil  "


def test_json_is_one_line_that_says_the_very_same(capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"name": HOSTILE, "other": PERSIAN, "seal": "契約 é"}, as_json=True)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"name": HOSTILE, "other": PERSIAN, "seal": "契約 é"}
    assert line.isprintable() or PERSIAN in line
    assert "契約 é" in line


def test_a_path_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["signtally", "reports", "render", str(tmp_path / "report.json"), "--format=csv"])
    (tmp_path / "report.json").write_bytes(render("json", adding_up(filtered_report()), IDENTITY).body)
    monkeypatch.setattr(sys, "argv", [*sys.argv, "-o", "/proc/nobody"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "signtally: /proc/nobody cannot be used: No such file or directory\n"


def test_a_full_disk_is_told_and_leaves_no_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").write_bytes(render("json", adding_up(filtered_report()), IDENTITY).body)
    (tmp_path / f".acme {IDENTITY.report_id} v{IDENTITY.version}.csv.{os.getpid()}").symlink_to("/dev/full")
    command = ["signtally", "reports", "render", str(tmp_path / "report.json"), "--format=csv", "-o", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("signtally: what was to be written was not: No space left on device. ")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_device_is_written_into_and_never_replaced(tmp_path: Path) -> None:
    """`--rejects /dev/null` of root made a file of it, for the whole machine."""
    pipe, kept, link = tmp_path / "pipe", tmp_path / "kept", tmp_path / "link"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    save(pipe, b"rows")
    assert (os.read(reader, 9), pipe.is_fifo()) == (b"rows", True)
    os.close(reader)
    link.symlink_to(kept)
    save(link, b"rows")
    assert (kept.read_bytes(), link.is_symlink()) == (b"rows", True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "link", "pipe"]


def test_a_disk_that_polars_finds_full_is_told() -> None:
    assert "No space left on device" in str(explain_path(OSError("No space left on device (os error 28)")))
    assert explain_path(ConnectionResetError(errno.ECONNRESET, "a defect")) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tenants", "show", "\udcff"], "'\\udcff' is not UTF-8"),
        (["reports", "diff", "--tenant", "a", "\udcff", "1", "2"], "'\\udcff' is not UTF-8"),
        (["erase", "--tenant", "a", "--user", "b", "--email", "\udcff@x"], "'\\udcff@x' is not UTF-8"),
        (["api", "--port", "99999"], "99999 is not in the range"),
        (
            ["token", "--tenant", "", "--user", "u", "--role=member"],
            "'--tenant': an id has 1 to 256 characters, this one 0",
        ),
        (["token", "--tenant=acme", f"--user={'u' * 257}", "--role=member"], "'--user': an id has 1 to 256 characters"),
        (["aggregate", "--tenant", ""], "'--tenant': an id has"),
        (["erase", "--tenant=acme", "--user=u1", "--email", " "], "'--email': ' ' is no email address: write ann@"),
        (
            ["copy-store", "--from", "mysql://secret@h/x", "--to", "timestream"],
            "'--from': it names no usage store: write",
        ),
        (
            ["copy-store", "--from", "timestream", "--to", "postgresql://u:se/cret@h/x"],
            "'--to': the address cannot be read",
        ),
        (["copy-store", "--from", "timestream", "--to", " "], "'--to': it is empty: write timestream"),
        (["copy-store", "--from", "timestream", "--to", "Timestream"], "--from and --to name the same store"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setattr(sys, "argv", ["signtally", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert (ended.value.code, said in told, "secret" in told, "SIGNTALLY_USAGE_STORE" in told) == (
        2,
        True,
        False,
        False,
    )


@pytest.mark.parametrize(("field", "text"), [("tenant_id", "ac\0me"), ("name", "Acme\u202e")])
def test_a_profile_that_cannot_be_shown_is_refused_by_its_field(
    field: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "profile.json"
    file.write_text(json.dumps({"tenant_id": "acme", field: text}))
    monkeypatch.setattr(sys, "argv", ["signtally", "tenants", "put", str(file)])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().err
    assert f"{field}: " in told
    assert f"cannot contain U+{ord(text.strip('acmeA')):04X}" in told
    assert "write it without" in told


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "1998-12-31T23:59:59Z", "9999-12-31T00:00:00-14:00"])
def test_an_instant_that_no_calendar_of_ours_has(
    instant: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["signtally", "schedules", "due", "--from", instant])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "lies too far off" in capsys.readouterr().err


def test_a_duration_that_no_calendar_has_is_said_to_be_too_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whose = ["--tenant", "a", "--user", "b", "--role", "member"]
    monkeypatch.setattr(sys, "argv", ["signtally", "token", *whose, "--ttl", "99999999999d"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "is too long: write 36500d at most" in capsys.readouterr().err
    with pytest.raises(ValidationError, match="is too long"):
        Settings(url_ttl="4000000d")  # as the environment gives it


def test_the_list_of_commands_ends_no_line_in_the_middle_of_a_sentence() -> None:
    cut = [name for name, command, room in _listed(signtally) if command.get_short_help_str(room).endswith("...")]
    assert cut == []


def _listed(group: click.Group) -> Iterator[tuple[str, click.Command, int]]:
    """Every command, and how many characters a terminal of 80 columns has for it beside its name."""
    context = click.Context(group)
    names = group.list_commands(context)
    for name in names:
        command = group.get_command(context, name)
        assert command is not None
        yield name, command, _HELP_COLUMNS - max(map(len, names))
        if isinstance(command, click.Group):
            yield from _listed(command)
