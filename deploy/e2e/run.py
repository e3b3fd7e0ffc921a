"""End to end on a real container engine, with or without a registry: `python -m deploy.e2e.run`.

Starts a container engine of its own, builds the Dockerfile, starts the compose file, and checks
what a user would see: it is healthy, quotes, is in Prometheus, and leaves no order after a stop.
Needs root on Debian. Prints a table; the exit code is 0 only if every check holds. Not part of
`.ci/run`.

E2E_FOLDER keeps the engine's images between runs (default: a temporary folder, removed).
"""

import sys
from pathlib import Path

from deploy.e2e import images, steps
from deploy.e2e.checks import Checks
from deploy.e2e.engine import add_compose, engine, install_missing, versions
from deploy.e2e.shell import StepError, kept_or_temporary, run, say
from deploy.e2e.stack import Stack, free_ports

ROOT = Path(__file__).parents[2]
IMAGE = "quoter:local"
IMAGE_MB_MAX = 400
SHARED = {
    "QUOTER_FOREIGN_ACTIVITY": "ignore"
}  # a foreign order is open all the time, and must stay


def main() -> int:
    """Run every step; return 0 if all checks hold, else 1."""
    checks = Checks()
    try:
        install_missing()
        with kept_or_temporary("E2E_FOLDER") as folder, engine(folder) as environment:
            compose = add_compose(folder, environment)
            checks.note("engine", versions(environment))
            checks.note("compose", compose)
            stack = Stack(root=ROOT, environment={**environment, **free_ports(), **SHARED})
            _end_to_end(stack, checks)
    except StepError as error:
        checks.record("every step ran", holds=False, seen=str(error))
    say(checks.table())
    return 0 if checks.all_hold() else 1


def _end_to_end(stack: Stack, checks: Checks) -> None:
    checks.note(images.PYTHON_IMAGE, images.python_base(stack.environment))
    prometheus_image = stack.image_of("prometheus")
    checks.note(prometheus_image, images.prometheus(prometheus_image, stack.environment))
    grafana_image = stack.image_of("grafana")
    with_grafana = images.obtain(grafana_image, stack.environment)
    checks.note(grafana_image, "as published" if with_grafana else "NOT RUN: no registry")
    _build(stack, checks)
    services = ["sandbox", "quoter", "sentinel", "prometheus"]
    services += ["grafana"] if with_grafana else []
    try:
        steps.check_up(stack, checks, services)
        steps.check_hardening(stack, checks, services)
        steps.check_trading(stack, checks)
        steps.check_prometheus(stack, checks)
        steps.check_sentinel(stack, checks)
        steps.check_stop(stack, checks)
        steps.check_kill(stack, checks)
    except StepError:
        say(stack.compose("logs", "--tail", "60", "--no-color"))
        raise
    finally:
        stack.compose("down", "--volumes", "--timeout", "40")
    left = run("docker", "ps", "--all", "--quiet", environment=stack.environment)
    checks.record("nothing is left after `down`", holds=not left, seen=left or "no container")


def _build(stack: Stack, checks: Checks) -> None:
    say("building the image")
    build = ("docker", "build", "--tag", IMAGE, *images.proxy_arguments(), str(ROOT))
    run(*build, environment=stack.environment)
    size_mb = int(stack.inspect_image(IMAGE, "{{.Size}}")) // 1_000_000
    checks.record("Dockerfile builds", holds=size_mb <= IMAGE_MB_MAX, seen=f"{size_mb} MB")
    user = stack.inspect_image(IMAGE, "{{.Config.User}}")
    checks.record("image is not root", holds=user == "10001:10001", seen=user)
    alone = ("docker", "run", "--rm", "--read-only", "--network=none", "--cap-drop=ALL", IMAGE)
    help_text = run(*alone, "--help", environment=stack.environment)
    checks.record("`quoter --help`, no network", holds="sandbox" in help_text, seen="printed")


if __name__ == "__main__":
    sys.exit(main())
