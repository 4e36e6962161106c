"""`signtally reports render`: files made again from a JSON file, with no service at all."""

from pathlib import Path

from signtally.domain.reports import FORMATS
from signtally.render.files import render
from tests.support.commands import Command
from tests.support.report_samples import IDENTITY
from tests.support.whole_reports import filtered_report

FILES = {name: f"acme 2026-10-3f2a91c07b1e v3.{name}" for name in FORMATS}


def test_the_files_are_those_of_the_report(tmp_path: Path) -> None:
    """Without an endpoint, a bucket or a queue."""
    report = filtered_report()
    (tmp_path / "report.json").write_bytes(render("json", report, IDENTITY).body)
    asked = [part for name in FORMATS for part in ("--format", name)]
    answer = Command(tmp_path, {})("reports", "render", "report.json", *asked, "-o", "made", "--json").answer
    assert (answer["report_id"], answer["version"]) == (IDENTITY.report_id, 3)
    assert [file["path"] for file in answer["files"]] == [str(Path("made") / FILES[name]) for name in FORMATS]
    for name in FORMATS:
        assert (tmp_path / "made" / FILES[name]).read_bytes() == render(name, report, IDENTITY).body, name


def test_a_report_id_leads_nowhere_else(tmp_path: Path) -> None:
    body = render("json", filtered_report(), IDENTITY).body.replace(b"2026-10-3f2a91c07b1e", b"../../escaped")
    (tmp_path / "report.json").write_bytes(body)
    path = Path(
        Command(tmp_path, {})("reports", "render", "report.json", "--format", "csv", "--json").answer["files"][0][
            "path"
        ]
    )
    assert path.parent == Path()
    assert (tmp_path / path).exists()


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"rows": []}')
    ran = Command(tmp_path, {})("reports", "render", "other.json", "--format", "pdf")
    assert ran.failed_with("no Signtally report in JSON")
    assert not list(tmp_path.glob("*.pdf"))
