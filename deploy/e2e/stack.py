"""The running compose project: its commands, its containers, and HTTP to what it publishes."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from deploy.e2e.shell import StepError, run

PORTS = ("PUBLISH_PORT", "SANDBOX_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")
HTTP_S_MAX = 5.0


def free_ports() -> dict[str, str]:
    """A free loopback port for each of compose's port variables."""
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
        """The image the compose file names for a service."""
        services = json.loads(self.compose("config", "--format", "json"))["services"]
        return str(services[service]["image"])

    def inspect_image(self, image: str, form: str) -> str:
        """One field of an image, by Go template."""
        command = ("docker", "image", "inspect", "--format", form, image)
        return run(*command, environment=self.environment).strip()

    def inspect(self, service: str, form: str) -> str:
        """One field of a service's container, by Go template; stopped ones included."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        command = ("docker", "inspect", "--format", form, container)
        return run(*command, environment=self.environment).strip()

    def get(self, port: str, path: str, **query: str) -> Any:
        """The JSON (or text) that a published port answers. Raises StepError."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", int(self.environment[port]), timeout=HTTP_S_MAX
        )
        target = path + ("?" + urlencode(query) if query else "")
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            body = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise StepError(f"GET {target}: {error!r}") from error
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise StepError(f"GET {target}: {answer.status} {body[:500]}")
        is_json = "json" in answer.getheader("Content-Type", "")
        return json.loads(body) if is_json else body
