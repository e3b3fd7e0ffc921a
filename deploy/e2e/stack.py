"""The running compose project: commands, containers, and HTTP to its published ports."""

import hmac
import http.client
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from deploy.e2e.shell import StepError, run

PORTS = ("PUBLISH_PORT", "SENTINEL_PORT", "SANDBOX_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")
HTTP_S_MAX = 5.0


def free_ports() -> dict[str, str]:
    """Return a free loopback port for each port variable of compose."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = {name: str(held.getsockname()[1]) for name, held in zip(PORTS, sockets, strict=True)}
    for held in sockets:
        held.close()
    return ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """`root` holds the compose file; `environment` names engine, client folder and ports."""

    root: Path
    environment: Mapping[str, str]

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` on the committed file. Raises StepError."""
        return run(
            "docker", "compose", "--project-name", "quoter-e2e", *arguments,
            environment=self.environment, folder=self.root,
        )  # fmt: skip

    def image_of(self, service: str) -> str:
        """Return the image of a service in the compose file."""
        services = json.loads(self.compose("config", "--format", "json"))["services"]
        return str(services[service]["image"])

    def inspect_image(self, image: str, form: str) -> str:
        """Return a field of an image, by Go template."""
        command = ("docker", "image", "inspect", "--format", form, image)
        return run(*command, environment=self.environment).strip()

    def inspect(self, service: str, form: str) -> str:
        """Return a field of a service's container, also a stopped one, by Go template."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        command = ("docker", "inspect", "--format", form, container)
        return run(*command, environment=self.environment).strip()

    def memory(self, service: str) -> str:
        """Return the used memory and the limit of a service's container."""
        container = self.compose("ps", "--quiet", service).strip()
        command = ("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", container)
        return run(*command, environment=self.environment).strip()

    def get(self, port: str, path: str, **query: str) -> Any:
        """Return the JSON or text of a GET on a published port. Raises StepError."""
        return self._ask("GET", port, path, query, {})

    def post_signed(self, port: str, path: str, **query: str) -> Any:
        """Return the answer to a signed Binance request with the demo's keys."""
        secret = self.secret("sandbox_api_secret").encode()
        query["timestamp"] = str(int(time.time() * 1_000))
        signature = hmac.digest(secret, urlencode(query).encode(), "sha256").hex()
        headers = {"X-MBX-APIKEY": self.secret("sandbox_api_key")}
        return self._ask("POST", port, path, query | {"signature": signature}, headers)

    def secret(self, name: str) -> str:
        """Return a demo key as compose gives it to the daemon."""
        return (self.root / "deploy" / "compose" / name).read_text().strip()

    def _ask(
        self, method: str, port: str, path: str, query: dict[str, str], headers: dict[str, str]
    ) -> Any:
        connection = http.client.HTTPConnection(
            "127.0.0.1", int(self.environment[port]), timeout=HTTP_S_MAX
        )
        target = path + ("?" + urlencode(query) if query else "")
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            body = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise StepError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise StepError(f"{method} {path}: {answer.status} {body[:500]}")
        is_json = "json" in answer.getheader("Content-Type", "")
        return json.loads(body) if is_json else body
