"""Fixtures for integration tests: a sandbox exchange on a free loopback port."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from ccxt.async_support.base.exchange import Exchange

from quoter.sandbox.config import SandboxConfig, default_config
from quoter.service.health import loop_monitor
from quoter.sim.model_markets import BITCOIN
from tests.integration.sandbox_client import RunningSandbox, running

SEED = 7
LAG_S_MAX = 1.5


@pytest.fixture(autouse=True)
def _slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let daemons in this process accept a later event loop than in production.

    Sandbox, daemons and test share one loop here, and the machine runs more workers than it has
    cores: at the limit of 0.25 s a daemon would rightly pause. `test_daemon_health.py` tests that
    limit.
    """
    monkeypatch.setattr(loop_monitor, "LAG_S_MAX", LAG_S_MAX)


@pytest.fixture(autouse=True)
def _closing_clients_wait_for_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ccxt's clients close at once: else each waits 0.25 s for the end of TLS connections."""
    monkeypatch.setattr(Exchange, "timeout_on_exit", 0)


@pytest.fixture
def sandbox_config() -> SandboxConfig:
    """Return the demo's four symbols and two accounts; a module may override it."""
    return default_config(SEED)


@pytest.fixture
def still_config() -> SandboxConfig:
    """Return BTCUSDT alone, without price moves or trades of its own."""
    still = replace(BITCOIN, sigma=0.0, intensity=0.0)
    return replace(default_config(SEED), markets=(still,))


@pytest.fixture
async def sandbox(sandbox_config: SandboxConfig) -> AsyncIterator[RunningSandbox]:
    """A sandbox with price moves and trades, in real time."""
    async with running(sandbox_config) as sandbox:
        yield sandbox


@pytest.fixture
async def still_sandbox(still_config: SandboxConfig) -> AsyncIterator[RunningSandbox]:
    """A sandbox without price moves or trades: mid 60000, best prices 59999 and 60001."""
    async with running(still_config) as sandbox:
        yield sandbox
