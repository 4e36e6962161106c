"""What the documents say against what the code does."""

import re
from pathlib import Path

import click

from signtally.cli.main import signtally as group
from signtally.domain.actions import Action
from signtally.domain.dead_letters import DeadLetterReason
from signtally.settings import Settings

ROOT = Path(__file__).parents[2]


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
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
