"""Shared by every integration test: a sandbox exchange on a free loopback port."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from quoter.sandbox.config import BITCOIN, SandboxConfig, default_config
from tests.integration.sandbox_client import RunningSandbox, running

SEED = 7


@pytest.fixture
def sandbox_config() -> SandboxConfig:
    """The demo's four symbols and two accounts; a module may override it."""
    return default_config(SEED)


@pytest.fixture
def still_config() -> SandboxConfig:
    """BTCUSDT alone, and nothing moves or trades unless the test makes it."""
    still = replace(BITCOIN, sigma=0.0, intensity=0.0)
    return replace(default_config(SEED), markets=(still,))


@pytest.fixture
async def sandbox(sandbox_config: SandboxConfig) -> AsyncIterator[RunningSandbox]:
    """A lively market in real time."""
    async with running(sandbox_config) as sandbox:
        yield sandbox


@pytest.fixture
async def still_sandbox(still_config: SandboxConfig) -> AsyncIterator[RunningSandbox]:
    """A market that stands still: mid 60000, best prices 59999 and 60001."""
    async with running(still_config) as sandbox:
        yield sandbox
