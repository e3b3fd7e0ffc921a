"""Checks of Dockerfile and compose file; deploy/e2e runs them on a real engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SERVICES = ["sandbox", "quoter", "sentinel", "prometheus", "grafana"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_compose_has_exactly_the_five_services(compose: dict[str, Any]) -> None:
    assert list(compose["services"]) == SERVICES


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened_limited_and_has_a_healthcheck(
    compose: dict[str, Any], name: str
) -> None:
    service = compose["services"][name]
    assert service["read_only"]
    assert service["init"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit", "logging", "restart"} <= service.keys()
    assert name == "quoter" or "healthcheck" in service  # the daemon's is in the image


@pytest.mark.parametrize("name", SERVICES)
def test_only_loopback_is_published(compose: dict[str, Any], name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in compose["services"][name]["ports"])


def test_compose_needs_no_env_file(compose: dict[str, Any]) -> None:
    """Every variable has a default, and the .env file is optional."""
    variables = re.findall(r"\$\{[^}]*\}", (ROOT / "docker-compose.yml").read_text())
    assert variables
    assert [text for text in variables if ":-" not in text] == []
    assert compose["services"]["quoter"]["env_file"][0] == {"path": ".env", "required": False}


@pytest.mark.parametrize("name", ["quoter", "sentinel"])
def test_compose_sets_only_settings_that_exist(compose: dict[str, Any], name: str) -> None:
    from quoter.settings import known_names

    handed = {*compose["services"][name]["environment"]}
    handed |= {name.upper() for name in compose["services"][name]["secrets"]}
    assert handed <= set(known_names())


def test_the_sentinel_has_the_folder_and_market_of_the_daemon(compose: dict[str, Any]) -> None:
    daemon, sentinel = (compose["services"][name] for name in ("quoter", "sentinel"))
    assert sentinel["volumes"] == daemon["volumes"]
    assert sentinel["env_file"] == daemon["env_file"]
    own = {"QUOTER_HTTP_HOSTS": "sentinel,${QUOTER_HTTP_HOSTS:-}"}
    assert sentinel["environment"] == daemon["environment"] | own
    assert daemon["environment"]["QUOTER_SENTINEL"].endswith(":-required}")
    assert "sentinel" in daemon["depends_on"]  # compose stops it after the daemon
    assert not set(sentinel["secrets"]) & set(daemon["secrets"])


def test_the_grace_period_is_longer_than_a_verified_cancel(compose: dict[str, Any]) -> None:
    assert compose["services"]["quoter"]["stop_grace_period"] == "40s"


def test_no_secret_is_a_variable(compose: dict[str, Any]) -> None:
    """Compose would interpolate a `$` in it, and `docker inspect` would show it."""
    handed = compose["services"]["quoter"]["environment"]
    named = {name: value for name, value in handed.items() if re.search("KEY|SECRET|TOKEN", name)}
    assert named == {
        "QUOTER_API_KEY_FILE": "",
        "QUOTER_API_SECRET_FILE": "",
        "QUOTER_READ_TOKEN_FILE": "",
        "QUOTER_OPERATOR_TOKEN_FILE": "",
        "QUOTER_RISK_TOKEN_FILE": "",
        "QUOTER_SECRETS_DIR": "/run/secrets",
        "QUOTER_SENTINEL_API_KEY_FILE": "",
        "QUOTER_SENTINEL_API_SECRET_FILE": "",
    }


def test_compose_has_no_control_api_without_a_token(compose: dict[str, Any]) -> None:
    tokens = {name: at["file"] for name, at in compose["secrets"].items() if "token" in name}
    assert len(tokens) == 3
    assert all(path.endswith(":-./deploy/compose/no_token}") for path in tokens.values())
    assert (ROOT / "deploy" / "compose" / "no_token").read_text() == ""


def test_the_demo_keys_are_valid_in_the_sandbox_only() -> None:
    from quoter.sandbox.config import DEMO_ACCOUNT

    folder = ROOT / "deploy" / "compose"
    assert (folder / "sandbox_api_key").read_text() == DEMO_ACCOUNT.api_key
    assert (folder / "sandbox_api_secret").read_text() == DEMO_ACCOUNT.secret


def test_the_dockerfile_needs_no_buildkit_and_is_not_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert not lines[0].startswith("# syntax=")
    assert not [line for line in lines if "--mount" in line and not line.startswith("#")]
    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["quoter"]' in lines
    assert any(line.endswith('CMD ["quoter", "healthcheck"]') for line in lines)
    assert any("--require-hashes --requirement requirements.lock" in line for line in lines)


def test_the_build_context_is_an_explicit_list() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    assert ".env" not in {pattern.removeprefix("!") for pattern in patterns}
