"""A real Prometheus with our rules scrapes a real daemon: its series, and the alert of a kill."""

import asyncio
import socket
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from deploy.grafana.panels import ROWS
from tests.integration.daemon_harness import LIVELY, market
from tests.integration.daemon_process import Started, is_busy, quoter
from tests.integration.sandbox_client import END_S, RunningSandbox, running
from tests.prometheus import ABSENT, SERVER

EXPRESSIONS = [
    query.expression.replace("$symbol", ".*").replace("$__rate_interval", "5s")
    for row in ROWS
    for panel in row.panels
    for query in panel.queries
]
RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"
STEP_S = 0.5  # between scrapes and between evaluations of the rules
POLL_S = 0.1
LOSS_MAX = 1_000  # of the daemons that we start

pytestmark = pytest.mark.skipif(SERVER is None, reason=ABSENT)


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running(market(LIVELY, seed=17)) as venue:
        yield venue


class Prometheus:
    """Client of a running Prometheus."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api/v1/"

    async def get(self, path: str, **params: str) -> Any:
        async with aiohttp.ClientSession() as http:
            try:
                async with http.get(self.url + path, params=params) as answer:
                    return (await answer.json())["data"]
            except (aiohttp.ClientError, KeyError):
                return {}

    async def value(self, query: str) -> float | None:
        """Return the value of a query with one series."""
        found = (await self.get("query", query=query)).get("result", [])
        return float(found[0]["value"][1]) if found else None

    async def firing(self) -> set[str]:
        alerts = (await self.get("alerts")).get("alerts", [])
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}


@asynccontextmanager
async def prometheus(target: str, folder: Path) -> AsyncIterator[Prometheus]:
    """Run a Prometheus on loopback that scrapes `target`."""
    step = f"{STEP_S * 1000:.0f}ms"
    config = {
        "global": {"scrape_interval": step, "evaluation_interval": step, "scrape_timeout": step},
        "rule_files": [str(RULES / "*.yml")],
        "scrape_configs": [{"job_name": "quoter", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert SERVER is not None
    process = await asyncio.create_subprocess_exec(
        SERVER,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        yield Prometheus(port)
    finally:
        process.terminate()
        await process.wait()


async def until(condition: Callable[[], Awaitable[object]], what: str, daemon: Started) -> None:
    end_s = time.monotonic() + END_S
    while not await condition():
        assert time.monotonic() < end_s, f"{what}\n{daemon.lines[-5:]}"
        await asyncio.sleep(POLL_S)


@pytest.mark.slow
async def test_series_exist_no_rule_fails_and_a_kill_fires_its_alert(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        address = str((daemon.logged("started") or {})["listening"])
        async with prometheus(address, tmp_path) as server:

            async def is_scraped() -> bool:
                return await server.value("quoter_open_orders") is not None

            async def is_killed() -> bool:
                return "QuoterKilled" in await server.firing()

            async def is_judged() -> bool:
                groups = (await server.get("rules")).get("groups", [])
                rules = [rule for group in groups for rule in group["rules"]]
                assert not [rule["name"] for rule in rules if rule["health"] == "err"]
                return bool(rules) and all(rule["health"] == "ok" for rule in rules)

            await until(is_scraped, "our series", daemon)
            await until(is_judged, "every rule evaluated", daemon)
            assert await server.value('up{job="quoter"}') == 1
            for expression in EXPRESSIONS:
                assert "result" in await server.get("query", query=expression), expression
            assert await server.value("quoter_loss_limit_quote") == LOSS_MAX
            assert (
                await server.value("sum(quoter_external_stop_active)") == 0
            )  # and it is not asked to be
            assert not await server.firing() & {"QuoterKilled", "QuoterNoExternalStop"}
            async with quoter(sandbox, tmp_path, "kill", "test") as kill:
                assert await kill.ended() == 0, kill.text
            await until(is_killed, "the alert of a kill", daemon)
            assert await server.value("sum(quoter_open_orders)") == 0
        daemon.process.terminate()
        await daemon.ended()
