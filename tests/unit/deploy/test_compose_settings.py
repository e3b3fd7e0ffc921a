"""The settings that the daemon gets from compose, for each way to set one.

`handed` follows Compose's rules for the few forms that our files use; where Docker Compose is
installed, it is asked too.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from quoter.domain.errors import BadSetting
from quoter.settings import load

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SANDBOX_LIMITS = {
    "QUOTER_INVENTORY_MAX": "0.05",
    "QUOTER_ORDER_SIZE": "0.005",
    "QUOTER_LOSS_MAX": "100",
    "QUOTER_NOTIONAL_MAX": "1000",
}
OWN_LIMITS = {
    "QUOTER_INVENTORY_MAX": "2",
    "QUOTER_ORDER_SIZE": "0.5",
    "QUOTER_LOSS_MAX": "70",
    "QUOTER_NOTIONAL_MAX": "3000",
}
PRODUCTION = {"QUOTER_ENVIRONMENT": "production", "QUOTER_SYMBOL": "ETH/USDT"}
HOLES = {"QUOTER_LOSS_MAX": "", "QUOTER_ORDER_SIZE": "0.01"}
type Case = tuple[dict[str, str], dict[str, str], dict[str, str]]
CASES: dict[str, Case] = {  # the shell's variables, the lines of .env, the limits handed out
    "nothing said": ({}, {}, SANDBOX_LIMITS),
    "the sandbox by name": ({"QUOTER_ENVIRONMENT": "sandbox"}, {}, SANDBOX_LIMITS),
    "paper": ({"QUOTER_ENVIRONMENT": "paper"}, {}, SANDBOX_LIMITS),
    "the sandbox with a hole": ({}, HOLES, SANDBOX_LIMITS | {"QUOTER_ORDER_SIZE": "0.01"}),
    "production without limits": (PRODUCTION, {}, {}),
    "production with holes": ({}, PRODUCTION | HOLES, {"QUOTER_ORDER_SIZE": "0.01"}),
    "production": ({}, PRODUCTION | OWN_LIMITS, OWN_LIMITS),
    "production by the shell": (PRODUCTION | OWN_LIMITS, {}, OWN_LIMITS),
    "the shell above .env": (
        {"QUOTER_LOSS_MAX": "7"},
        PRODUCTION | OWN_LIMITS,
        OWN_LIMITS | {"QUOTER_LOSS_MAX": "7"},
    ),
    "a testnet without limits": ({"QUOTER_ENVIRONMENT": "testnet"}, {}, {}),
    "a name that is none": ({"QUOTER_ENVIRONMENT": "Sandbox"}, {}, {}),
}
each_case = pytest.mark.parametrize(("shell", "env_file", "wanted"), CASES.values(), ids=CASES)


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """Return `${NAME:-default}` as Compose replaces it: an empty variable counts as unset."""
    form = re.compile(r"\$\{(\w+):-([^${}]*)\}")
    while form.search(text):
        text = form.sub(lambda found: variables.get(found[1]) or found[2], text)
    assert "$" not in text
    return text


def handed(service: str, shell: Mapping[str, str], env_file: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a service's container; `env_file` is the content of .env."""
    variables = {**env_file, **shell}
    environment = dict[str, str]()
    for entry in COMPOSE["services"][service]["env_file"]:
        path = filled_in(entry["path"], variables)
        if path == ".env":
            environment |= env_file
        elif entry.get("required", True) or (ROOT / path).exists():
            lines = dotenv_values(ROOT / path, interpolate=False)
            assert lines, path
            environment |= {name: filled_in(text or "", variables) for name, text in lines.items()}
    fixed = COMPOSE["services"][service]["environment"]
    return environment | {name: filled_in(text, variables) for name, text in fixed.items()}


def limits(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name in SANDBOX_LIMITS if (value := environment.get(name))}


def set_only(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str]) -> None:
    """Make these the only settings; the secrets of the container are not needed here."""
    for name in tuple(os.environ):
        if name.startswith("QUOTER_"):
            monkeypatch.delenv(name)
    for name, value in values.items():
        if name != "QUOTER_SECRETS_DIR":
            monkeypatch.setenv(name, value)


@each_case
def test_only_the_sandbox_has_default_limits(
    shell: dict[str, str], env_file: dict[str, str], wanted: dict[str, str]
) -> None:
    assert limits(handed("quoter", shell, env_file)) == wanted


@each_case
def test_a_missing_limit_prevents_the_start(
    shell: dict[str, str],
    env_file: dict[str, str],
    wanted: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_only(monkeypatch, handed("quoter", shell, env_file))
    if missing := SANDBOX_LIMITS.keys() - wanted.keys():
        with pytest.raises(BadSetting) as refused:
            load(env_file=None, dry_run=True)
        assert {line.split(":")[0] for line in str(refused.value).splitlines()} >= missing
        return
    settings = load(env_file=None, dry_run=True)
    assert settings.loss_max == Decimal(wanted["QUOTER_LOSS_MAX"])
    assert settings.inventory_max == Decimal(wanted["QUOTER_INVENTORY_MAX"])


@pytest.mark.parametrize("names", ["", "office.example", "office.example, Other.example"])
def test_requests_with_the_host_name_of_prometheus_are_accepted(
    names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with other names set by a user; otherwise each scrape gets 421 and QuoterDown fires."""
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job["static_configs"] for job in scraped["scrape_configs"]}
    for service in ("quoter", "sentinel"):
        (targets,) = (each["targets"] for each in jobs[service])
        set_only(monkeypatch, handed(service, {}, {"QUOTER_HTTP_HOSTS": names}))
        called = {target.partition(":")[0] for target in targets}
        added = set(names.lower().replace(" ", "").split(",")) - {""}
        assert set(load(env_file=None).http_hosts.split(",")) == called | added


def compose_command() -> list[str] | None:
    """Docker Compose from version 2 on: as a plugin, or alone."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        said = subprocess.run(
            [*command, "version", "--short"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        if said.returncode == 0 and not said.stdout.startswith("1."):
            return command
    return None


@each_case
def test_docker_compose_gives_the_same_environment(
    shell: dict[str, str], env_file: dict[str, str], wanted: dict[str, str], tmp_path: Path
) -> None:
    command = compose_command()
    if command is None:
        pytest.skip("Docker Compose is not installed")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copytree(ROOT / "deploy" / "compose", tmp_path / "deploy" / "compose")
    (tmp_path / ".env").write_text("".join(f"{key}={text}\n" for key, text in env_file.items()))
    ours = {name: value for name, value in os.environ.items() if not name.startswith("QUOTER_")}
    done = subprocess.run(
        [*command, "config", "--format", "json"],
        cwd=tmp_path,
        env=ours | shell,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    for service in ("quoter", "sentinel"):
        environment = services[service]["environment"]
        assert limits(environment) == wanted
        assert environment == handed(service, shell, env_file)
