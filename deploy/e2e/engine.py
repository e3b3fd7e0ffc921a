"""A private container engine, with its own root folder, socket and pid file."""

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.e2e.shell import StepError, resolved, run, say, wait_until

HERE = Path(__file__).parent
BRIDGE = Path("/sys/class/net/docker0")
START_S_MAX = 60.0
STOP_S_MAX = 60.0
PACKAGES = {
    "dockerd": "docker.io",
    "docker-init": "tini",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
}
OPTIONAL_PACKAGES = {"docker": "docker-cli"}  # a package of its own in newer Debians


def install_missing() -> None:
    """Install what the run needs from Debian. Raises StepError without apt or without root."""
    missing = sorted({package for name, package in PACKAGES.items() if not _is_installed(name)})
    if missing:
        say(f"installing {' '.join(missing)}")
        run("apt-get", "update")
        run("apt-get", "install", "--yes", "--no-install-recommends", *missing)
    for name, package in OPTIONAL_PACKAGES.items():
        if not _is_installed(name):
            run("apt-get", "install", "--yes", "--no-install-recommends", package)


@contextmanager
def engine(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run dockerd in `folder`; yield the environment in which `docker` uses it.

    E2E_DOCKERD_ARGS adds flags, for machines without overlay or iptables.
    """
    pid_file, socket, log = folder / "dockerd.pid", folder / "dockerd.sock", folder / "dockerd.log"
    command = resolved((
        "dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"),
        "--pidfile", str(pid_file), "--host", f"unix://{socket}",
        *shlex.split(os.environ.get("E2E_DOCKERD_ARGS", "")),
    ))  # fmt: skip
    environment = {"DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(folder / "client")}
    bridge_is_ours = not BRIDGE.exists()
    with log.open("wb") as sink:
        # In its own session, so that a Ctrl-C in this terminal does not stop the engine first.
        daemon = subprocess.Popen(  # noqa: S603 - see resolved()
            command, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        if not wait_until(lambda: _answers(environment), seconds=START_S_MAX):
            raise StepError(f"dockerd does not answer:\n{log.read_text()[-3_000:]}")
        yield environment
    finally:
        daemon.terminate()
        try:
            daemon.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
        if bridge_is_ours and BRIDGE.exists():
            run("ip", "link", "delete", BRIDGE.name)  # the engine does not remove it
        say(f"engine {daemon.pid} stopped")


def add_compose(folder: Path, environment: Mapping[str, str]) -> str:
    """Install Docker Compose for the client if it has none; return its version."""
    plugins = folder / "client" / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    try:
        return run("docker", "compose", "version", "--short", environment=environment).strip()
    except StepError:
        tools = folder / "tools"
        run(sys.executable, "-m", "venv", str(tools))
        lock = str(HERE / "requirements.lock")
        pip = str(tools / "bin" / "pip")
        run(pip, "install", "--quiet", "--require-hashes", "--requirement", lock)
        (plugins / "docker-compose").symlink_to(tools / "bin" / "docker-compose")
        return run("docker", "compose", "version", "--short", environment=environment).strip()


def versions(environment: Mapping[str, str]) -> str:
    """Return engine, storage driver and kernel in one line."""
    form = "{{.ServerVersion}}, {{.Driver}}, cgroup v{{.CgroupVersion}}"
    seen = run("docker", "info", "--format", form, environment=environment).strip()
    return f"{seen}, Linux {platform.release()}"


def _is_installed(name: str) -> bool:
    try:
        resolved((name,))
    except StepError:
        return False
    return True


def _answers(environment: Mapping[str, str]) -> bool:
    try:
        run("docker", "version", environment=environment)
    except StepError:
        return False
    return True
