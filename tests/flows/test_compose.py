"""compose.yaml and the Dockerfile name nothing that is not there: no Docker is needed to see that."""

import argparse
import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import click
import prefect.settings
import pytest
import yaml

from signtally.cli.main import signtally
from signtally.local.stack import WORK_POOL
from signtally.settings import Settings
from warm_worker.__main__ import options_parser

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOYMENTS / "compose.yaml").read_text())["services"]
OTHERS_IMAGES = {"postgres:17-bookworm", "caddy:2"}
UVICORN = {"FORWARDED_ALLOW_IPS"}
ASKED = {"POSTGRES_PASSWORD", "SIGNTALLY_HOST"}  # of whoever starts it
KEYS = {
    *("image", "build", "env_file", "restart", "command", "environment", "ports", "volumes", "depends_on"),
    *("healthcheck", "stop_grace_period", "deploy"),
}
OURS = {name: each for name, each in SERVICES.items() if each["image"] == "signtally"}


def test_each_service_is_made_of_what_is_there() -> None:
    assert {each["image"] for each in SERVICES.values()} == {"signtally", *OTHERS_IMAGES}
    for name, service in SERVICES.items():
        assert set(service) <= KEYS, name
        for other, terms in service.get("depends_on", {}).items():
            needs_health = terms["condition"] == "service_healthy"
            assert not needs_health or "healthcheck" in SERVICES[other], (name, other)
            assert terms["condition"] != "service_completed_successfully" or other == "provision"
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (DEPLOYMENTS / source).exists(), volume
    build = OURS["api"]["build"]
    assert (DEPLOYMENTS / build["context"] / build["dockerfile"]).samefile(DEPLOYMENTS / "Dockerfile")


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    published = {port: name for name, service in SERVICES.items() for port in service.get("ports", ())}
    outside = {name for port, name in published.items() if not port.startswith("127.0.0.1:")}
    assert outside == {"proxy"}
    proxied = re.findall(r"reverse_proxy (\S+):(\d+)", (DEPLOYMENTS / "compose/Caddyfile").read_text())
    assert proxied == [("api", SERVICES["api"]["command"][-1])]


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_and_every_command_takes_its_options(name: str) -> None:
    for variable in OURS[name].get("environment", {}):
        if variable.startswith("SIGNTALLY_"):
            assert variable.removeprefix("SIGNTALLY_").lower() in Settings.model_fields
        else:
            assert hasattr(prefect.settings, variable) or variable in UVICORN, variable
    expect_command(OURS[name]["command"])


def test_whoever_starts_it_is_asked_for_what_has_no_default() -> None:
    text = (DEPLOYMENTS / "compose.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+)", text)) == ASKED
    assert set(re.findall(r"\$\{(\w+):\?", text)) == ASKED


def test_the_image_has_the_libraries_of_a_checkout() -> None:
    lines = (DEPLOYMENTS / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    (installed,) = (line for line in lines if "apt-get install" in line)
    setup = (ROOT / ".ci/setup").read_text()
    wanted = re.findall(r"packages=\((.*?)\)", setup, re.DOTALL)[0].split()
    assert set(re.findall(r"(?:lib|font)[\w.-]+", installed)) >= {*wanted} - {"python3-venv"}
    for line in lines:
        verb, *words = shlex.split(line, comments=True) or [""]
        if verb == "COPY" and not words[0].startswith("--from"):
            assert all((ROOT / source).exists() for source in words[:-1]), line
        if verb == "CMD":
            expect_command(re.findall(r'"([^"]+)"', line))


def test_the_image_takes_what_is_locked_and_runs_without_privileges() -> None:
    lines = (DEPLOYMENTS / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    installs = [line for line in lines if "pip install" in line]
    assert all("--require-hashes" in line or "--no-deps /tmp/*.whl" in line for line in installs), installs
    assert [line.split()[0] for line in lines[lines.index("USER signtally") :]] == ["USER", "WORKDIR", "CMD"]
    for file in (ROOT / "requirements").glob("*.txt"):
        packages = re.split(r"^(?=[a-z0-9])", file.read_text(), flags=re.MULTILINE)[1:]
        assert all("==" in each and "--hash=sha256:" in each for each in packages), file.name


def expect_command(command: list[str]) -> None:
    """As the program's own parser reads it; nothing is run."""
    match command:
        case ["signtally", name, *options]:
            found = signtally.get_command(click.Context(signtally), name)
            assert found is not None, command
            found.make_context(name, [*options])
        case ["python", "-m", "warm_worker", *options]:
            asked = worker_options(options)
            assert asked.pool == WORK_POOL
            modules = [each.partition(":")[0] for each in asked.warm_up]
            assert all(map(importlib.util.find_spec, modules))
        case ["python", "-m", module]:
            assert importlib.util.find_spec(module) is not None
        case _:
            assert command[:3] == ["prefect", "server", "start"]


def worker_options(options: list[str]) -> argparse.Namespace:
    return options_parser().parse_args(options)
