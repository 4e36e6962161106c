"""What the documents say against what the code does."""

import pkgutil
import re
from pathlib import Path

import click
import pytest

from signtally.cli.main import signtally as group
from signtally.domain.actions import Action
from signtally.domain.dead_letters import DeadLetterReason
from signtally.settings import Settings

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "src/signtally"
LIVING = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/glossary.md",
    "docs/architecture.md",
)  # they say how things are now
TOP_LEVEL = {each.name for each in ROOT.iterdir()}
ROOMS = {each.stem for each in PRODUCT.iterdir()}  # the product's packages and modules
OTHERS_CLASSES = {"BaseWorker", "SentTimestamp", "CloudEvents"}


def test_every_reason_for_a_dead_letter_is_explained_to_senders() -> None:
    events = (ROOT / "docs/events.md").read_text()
    for reason in DeadLetterReason:
        assert f"| `{reason}` | {reason.explanation} |" in events


def test_every_type_of_event_is_listed_for_senders() -> None:
    events = (ROOT / "docs/events.md").read_text()
    for action in Action:
        assert f"| `{action.event_type}` | {action} |" in events


def test_every_setting_stands_in_the_example_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text()
    listed = dict(re.findall(r"^(?:# )?SIGNTALLY_([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert {name.lower() for name in listed} == set(Settings.model_fields)
    without_default = {"jwks_url"}
    stated = {name.lower(): value for name, value in listed.items() if name.lower() not in without_default}
    assert Settings.model_validate(stated) == Settings()


def test_every_command_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in group.list_commands(click.Context(group)):
        assert f"signtally {command}" in readme


def test_every_relative_link_leads_somewhere() -> None:
    links = 0
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deployments").glob("*.md")]:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", document.read_text()):
            found = document.parent / target if target else document
            assert found.exists(), f"{document.name} links to {target}"
            links += 1
            assert not anchor or anchor in _anchors(found), f"{document.name} links to {target}#{anchor}"
    assert links > 20


def test_every_threat_names_tests_that_exist() -> None:
    text = (ROOT / "docs/security.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
    assert len(named) > 80
    for file, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file}::{test}"
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| threat ")]
    assert [row for row in rows if "::test_" not in row and "`make " not in row] == []


def test_every_decision_stands_in_the_index() -> None:
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text()
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(each.name[:4]) for each in records] == [*range(1, len(records) + 1)]
    for record in records:
        heading = re.match(r"# (\d+)\. (.*)\n", record.read_text())
        assert heading, record.name
        assert f"| {heading[1]} | [{heading[2]}]({record.name}) |" in index


@pytest.mark.parametrize("name", LIVING)
def test_every_path_that_a_document_names_exists(name: str) -> None:
    """Paths from the project's root, and modules written as paths below the product: `domain/periods.py`."""
    for path in _quoted(name, r"[\w.-]+/[\w./-]*|\w+\.py"):
        room = path.split("/")[0]
        if room in TOP_LEVEL - {".venv"}:
            assert (ROOT / path).exists(), f"{name} names {path}"
        elif path.endswith(".py"):
            assert (PRODUCT / path).exists(), f"{name} names {path}"


@pytest.mark.parametrize("name", LIVING)
def test_every_module_that_a_document_names_exists(name: str) -> None:
    """Modules are written as below the product: `domain.periods`, `use_cases.ingesting`."""
    names = _quoted(name, r"[a-z_]+(?:\.(?!py\b)\w+)*")
    modules = [each for each in names if each.split(".")[0] in ROOMS]
    assert modules or not name.startswith("docs/")
    for module in modules:
        try:
            pkgutil.resolve_name(f"signtally.{module}")
        except (ImportError, AttributeError):
            pytest.fail(f"{name} names {module}")


@pytest.mark.parametrize("name", LIVING)
def test_every_class_that_a_document_names_exists(name: str) -> None:
    sources = [each.read_text() for each in (ROOT / "src").rglob("*.py")]
    for quoted in _quoted(name, r"[A-Z][a-z]+[A-Z]\w+(?:\.\w+)?"):
        class_name, _, attribute = quoted.partition(".")
        defining = [text for text in sources if re.search(rf"^(?:class )?{class_name}\b", text, re.MULTILINE)]
        assert defining or class_name in OTHERS_CLASSES, f"{name} names {quoted}"
        assert not attribute or any(re.search(rf"\b{attribute}\b", text) for text in defining), f"{name}: {quoted}"


@pytest.mark.parametrize("name", LIVING)
def test_a_class_lives_in_the_module_that_a_document_says(name: str) -> None:
    for class_name, module in re.findall(r"`([A-Z]\w*)(?:\.\w+)?`\s+in\s+`([a-z_.]+)`", (ROOT / name).read_text()):
        assert hasattr(pkgutil.resolve_name(f"signtally.{module}"), class_name), f"{name}: {class_name} in {module}"


def _quoted(document: str, pattern: str) -> list[str]:
    """What stands in backquotes, and has this form from end to end."""
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(), flags=re.MULTILINE | re.DOTALL)
    return [each for each in re.findall(r"`([^`]+)`", text) if re.fullmatch(pattern, each)]


def _anchors(document: Path) -> set[str]:
    """The headings as GitHub names them in links."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
