"""The checks of the end-to-end run, from the view of a user of the compose file."""

import time
from typing import Any

from deploy.e2e.checks import Checks
from deploy.e2e.shell import StepError, wait_until
from deploy.e2e.stack import Stack
from deploy.grafana.panels import ROWS

HEALTHY_S_MAX = 90.0
QUOTING_S_MAX = 60.0
SERIES_S_MAX = 30.0
STOP_S_MAX = 20.0  # half of the grace period
SERIES_MIN = 20
PANELS = [panel for row in ROWS for panel in row.panels]
MAY_BE_EMPTY = {  # panels that show faults only
    "Active causes",
    "Causes raised",
    "Rejects, denials, anomalies",
    "Lost streams, waiting events",
}
CLEAN_EXIT, KILLED_EXIT = 0, 30  # no own order left, verified; the same while killed
FOREIGN_ID = "somebody-else-1"  # an order on the same account that is not ours


def check_up(stack: Stack, checks: Checks, services: list[str]) -> None:
    """Start the services and wait until each is healthy."""
    begin_s = time.monotonic()
    stack.compose("up", "--detach", "--no-build", *services)
    for service in services:
        healthy = _becomes_healthy(stack, service)
        seen = f"{_health(stack, service)} after {time.monotonic() - begin_s:.0f} s"
        checks.record(f"{service} is healthy", holds=healthy, seen=seen)
        if not healthy:
            raise StepError(f"{service} did not become healthy")


def check_hardening(stack: Stack, checks: Checks, services: list[str]) -> None:
    """Check: read-only, no capabilities, no new privileges, published on loopback only."""
    form = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}"
    wanted = "true [ALL] [no-new-privileges:true]"
    for service in services:
        seen = stack.inspect(service, form)
        checks.record(f"{service} is hardened", holds=seen == wanted, seen=seen)
    form = "{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}} {{end}}{{end}}"
    addresses = {address for name in services for address in stack.inspect(name, form).split()}
    loopback = addresses == {"127.0.0.1"}
    checks.record("only loopback is published", holds=loopback, seen=", ".join(addresses))


def check_trading(stack: Stack, checks: Checks) -> None:
    """Check that the daemon quotes and is filled, by /state and by the exchange."""
    stack.post_signed(
        "SANDBOX_PORT", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="LIMIT",
        timeInForce="GTC", quantity="0.001", price="55000", newClientOrderId=FOREIGN_ID,
    )  # fmt: skip
    ready = wait_until(lambda: _is_ready(stack), seconds=QUOTING_S_MAX)
    checks.record("ready to quote", holds=ready, seen="/readyz 200" if ready else "not ready")
    filled = wait_until(lambda: _fills(stack) > 0, seconds=QUOTING_S_MAX)
    checks.note("memory", stack.memory("quoter"))
    checks.record("fills", holds=filled, seen=f"{_fills(stack)} in the truth ledger")


def check_prometheus(stack: Stack, checks: Checks) -> None:
    """Check that Prometheus scrapes us and can evaluate every panel and every rule."""
    known = wait_until(lambda: len(_our_series(stack)) >= SERIES_MIN, seconds=SERIES_S_MAX)
    checks.record("Prometheus has our series", holds=known, seen=f"{len(_our_series(stack))} names")
    complete = wait_until(lambda: not _empty_panels(stack) - MAY_BE_EMPTY, seconds=SERIES_S_MAX)
    empty = ", ".join(sorted(_empty_panels(stack))) or "none"
    checks.record("every panel has its data", holds=complete, seen=f"{len(PANELS)}, empty: {empty}")
    rules = _rules(stack)
    ill = [rule["name"] for rule in rules if rule["health"] == "err"]
    seen = f"{len(rules)} rules, in error: {', '.join(ill) or 'none'}"
    checks.record("alert rules are evaluated", holds=bool(rules) and not ill, seen=seen)
    firing = _firing(stack)
    checks.record("no alert fires", holds=not firing, seen=", ".join(firing) or "none")


def check_sentinel(stack: Stack, checks: Checks) -> None:
    """Check that the sentinel kills a frozen daemon, and that it can be re-armed."""
    wait_until(lambda: _open_orders(stack) > 0, seconds=QUOTING_S_MAX)
    stack.compose("pause", "quoter")
    latched = wait_until(lambda: bool(_latch(stack)), seconds=STOP_S_MAX)
    empty = wait_until(lambda: _open_orders(stack) == 0, seconds=STOP_S_MAX)
    kill_id = _latch(stack)
    checks.record(
        "the sentinel stops a frozen daemon",
        holds=latched and empty,
        seen=f"{_open_orders(stack)} orders, kill id {kill_id}",
    )
    stack.compose("unpause", "quoter")
    killed = wait_until(lambda: not _is_ready(stack), seconds=STOP_S_MAX)
    checks.record("it wakes up killed", holds=killed, seen="/readyz")
    _check_foreign(stack, checks)
    stack.compose("exec", "-T", "quoter", "quoter", "rearm", "--kill-id", kill_id)
    back = wait_until(lambda: _is_ready(stack), seconds=QUOTING_S_MAX)
    checks.record("it quotes again after a re-arm", holds=back, seen="/readyz")


def _latch(stack: Stack) -> str:
    """Return the kill id in the data folder, read in the sentinel's container; empty if none."""
    script = (
        "import json, pathlib;"
        "p = pathlib.Path('/var/lib/quoter/latch.json');"
        "print(json.loads(p.read_text())['kill_id'] if p.exists() else '')"
    )
    return stack.compose("exec", "-T", "sentinel", "python3", "-c", script).strip()


def check_stop(stack: Stack, checks: Checks) -> None:
    """Check that a stop leaves no own order and that the daemon starts again on its volume."""
    resting = wait_until(lambda: _open_orders(stack) > 0, seconds=QUOTING_S_MAX)
    checks.record("orders rest before the stop", holds=resting, seen=str(_open_orders(stack)))
    _stop(stack, checks, "quoter", exit_code=CLEAN_EXIT)
    left = _open_orders(stack)
    checks.record(
        "`stop quoter` leaves no order", holds=left == 0, seen=f"{left} open in the truth"
    )
    _check_foreign(stack, checks)


def check_kill(stack: Stack, checks: Checks) -> None:
    """Check that `quoter kill` in the container cancels every order and outlasts a restart."""
    stack.compose("start", "quoter")
    back = _becomes_healthy(stack, "quoter")
    back = back and wait_until(lambda: _open_orders(stack) > 0, seconds=QUOTING_S_MAX)
    checks.record("starts again on its volume", holds=back, seen=_health(stack, "quoter"))
    killed = stack.compose("exec", "-T", "quoter", "quoter", "kill", "end-to-end").strip()
    empty = wait_until(lambda: _open_orders(stack) == 0, seconds=STOP_S_MAX)
    checks.record("`quoter kill` pulls every order", holds=empty, seen=killed)
    checks.record("killed is not ready", holds=not _is_ready(stack), seen="/readyz")
    firing = wait_until(lambda: "QuoterKilled" in _firing(stack), seconds=SERIES_S_MAX)
    checks.record("the alert of a kill fires", holds=firing, seen=", ".join(_firing(stack)))
    _stop(stack, checks, exit_code=KILLED_EXIT)  # the daemon first: it depends on the sandbox


def _stop(stack: Stack, checks: Checks, *services: str, exit_code: int) -> None:
    begin_s = time.monotonic()
    stack.compose("stop", *services)
    took_s = time.monotonic() - begin_s
    code = stack.inspect("quoter", "{{.State.ExitCode}}")
    holds = code == str(exit_code) and took_s < STOP_S_MAX
    name = f"`{' '.join(('stop', *services))}` ends with {exit_code}"
    checks.record(name, holds=holds, seen=f"{code}, {took_s:.1f} s")


def _check_foreign(stack: Stack, checks: Checks) -> None:
    survived = any(_is_foreign(order) for order in _truth(stack)["open_orders"])
    checks.record("a foreign order survives", holds=survived, seen=FOREIGN_ID)


def _becomes_healthy(stack: Stack, service: str) -> bool:
    return wait_until(lambda: _health(stack, service) == "healthy", seconds=HEALTHY_S_MAX)


def _health(stack: Stack, service: str) -> str:
    return stack.inspect(service, "{{.State.Health.Status}}")


def _is_ready(stack: Stack) -> bool:
    try:
        stack.get("PUBLISH_PORT", "/readyz")
    except StepError:
        return False
    return True


def _truth(stack: Stack) -> dict[str, list[Any]]:
    truth: dict[str, list[Any]] = stack.get(
        "SANDBOX_PORT", "/sandbox/v1/truth", api_key=stack.secret("sandbox_api_key")
    )
    return truth


def _open_orders(stack: Stack) -> int:
    return sum(not _is_foreign(order) for order in _truth(stack)["open_orders"])


def _is_foreign(order: dict[str, Any]) -> bool:
    return bool(order["clientOrderId"] == FOREIGN_ID)


def _fills(stack: Stack) -> int:
    return len(_truth(stack)["trades"])


def _our_series(stack: Stack) -> list[str]:
    names = stack.get("PROMETHEUS_PORT", "/api/v1/label/__name__/values")["data"]
    return [name for name in names if name.startswith("quoter_")]


def _empty_panels(stack: Stack) -> set[str]:
    """Return panels with an empty query. Raises StepError if Prometheus refuses a query."""
    return {
        panel.title
        for panel in PANELS
        for query in panel.queries
        if not _instant(stack, _filled_in(query.expression))
    }


def _rules(stack: Stack) -> list[dict[str, Any]]:
    groups = stack.get("PROMETHEUS_PORT", "/api/v1/rules")["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _firing(stack: Stack) -> list[str]:
    return [rule["name"] for rule in _rules(stack) if rule["state"] == "firing"]


def _instant(stack: Stack, expression: str) -> list[Any]:
    """Return the result of a query. Raises StepError if Prometheus refuses it."""
    return list(stack.get("PROMETHEUS_PORT", "/api/v1/query", query=expression)["data"]["result"])


def _filled_in(expression: str) -> str:
    """Return a panel's expression as Grafana sends it."""
    return expression.replace("$__rate_interval", "1m").replace("$symbol", ".+")
