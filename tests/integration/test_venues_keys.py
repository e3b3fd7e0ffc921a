"""Key permissions through ccxt from the sandbox: a key that can move money never trades."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from quoter.app.daemon import trade
from quoter.app.settings_to_config import venue_config
from quoter.app.startup import StartFailed
from quoter.domain.errors import KeyRefused
from quoter.domain.events import Alarm
from quoter.domain.trading import Cause, TradingState
from quoter.service.exit_codes import ExitCode
from quoter.sim.model_markets import BITCOIN
from quoter.venues.factory import make_gateway
from tests.integration.daemon_harness import LIVELY, market, running_daemon, settings
from tests.integration.sandbox_client import RunningSandbox, running
from tests.integration.test_venues_gateway import config, connected, streaming
from tests.integration.test_venues_ws import until

STILL = replace(BITCOIN, sigma=0.0, intensity=0.0)


async def give(sandbox: RunningSandbox, **rights: bool) -> None:
    """Make the venue report these permissions of our key from now on."""
    body = {"api_key": sandbox.one.api_key, **rights}
    assert (await sandbox.admin("POST", "key-rights", body)).status == 200


@pytest.mark.parametrize("right", ["withdraw", "internal_transfer", "universal_transfer"])
async def test_a_key_that_can_move_money_is_refused_at_the_start(
    still_sandbox: RunningSandbox, right: str, tmp_path: Path
) -> None:
    await give(still_sandbox, **{right: True})
    with pytest.raises(StartFailed, match="may move money away") as stopped:
        await trade(settings(still_sandbox, tmp_path))
    assert stopped.value.code is ExitCode.KEY_RIGHTS


async def test_a_key_that_can_only_trade_is_verified(still_sandbox: RunningSandbox) -> None:
    async with connected(config(still_sandbox)) as gateway:
        assert gateway.key_monitor.is_verified
        assert gateway.key_monitor.warning == ""


async def test_key_for_any_address_is_a_warning_outside_production(
    still_sandbox: RunningSandbox,
) -> None:
    await give(still_sandbox, ip_restrict=False)
    async with connected(config(still_sandbox)) as gateway:
        assert "any IP address" in gateway.key_monitor.warning


@pytest.mark.parametrize("case", ["other exchange", "no page", "no answer"])
async def test_unknown_permissions_are_unverified_and_allow_a_start(
    still_sandbox: RunningSandbox, case: str
) -> None:
    chosen = config(still_sandbox)
    if case == "other exchange":
        chosen = replace(chosen, exchange="binanceus")
    gateway = make_gateway(chosen)
    if case == "no page":  # as on Binance's testnet
        api = gateway._client.urls["api"]
        assert isinstance(api, dict)
        del api["sapi"]
    if case == "no answer":
        await still_sandbox.arm("error_before", endpoint="key_rights", status=503)
    try:
        await gateway.connect()
        assert not gateway.key_monitor.is_verified
    finally:
        await gateway.close()


async def test_key_refused_by_the_permission_request_is_refused(
    still_sandbox: RunningSandbox,
) -> None:
    text = "Invalid API-key, IP, or permissions for action."
    await still_sandbox.arm(
        "error_before", endpoint="key_rights", status=401, code=-2015, text=text
    )
    gateway = make_gateway(config(still_sandbox))
    with pytest.raises(KeyRefused, match="-2015"):
        await gateway.connect()
    await gateway.close()


async def test_permission_granted_later_is_reported(still_sandbox: RunningSandbox) -> None:
    chosen = replace(config(still_sandbox), key_rights_s=0.05)
    async with connected(chosen) as gateway, streaming(gateway) as events:
        await asyncio.sleep(0.2)
        assert not [event for event in events if isinstance(event, Alarm)]
        await give(still_sandbox, withdraw=True)
        await until(lambda: any(isinstance(event, Alarm) for event in events))
    alarm = next(event for event in events if isinstance(event, Alarm))
    assert (alarm.cause, alarm.active) == (Cause.KEY_REFUSED, True)
    assert "enableWithdrawals" in alarm.text


async def test_a_daemon_whose_key_gets_the_right_to_withdraw_is_killed(tmp_path: Path) -> None:
    async with running(market(LIVELY, 3)) as sandbox:
        chosen = settings(sandbox, tmp_path)
        venue = replace(venue_config(chosen), key_rights_s=0.2)
        async with running_daemon(sandbox, chosen, venue=venue) as harness:
            await harness.until(lambda: len(harness.placed) > 2, "quotes")
            page = harness.running.metrics.render(harness.running.engine.snapshot())
            line = next(row for row in page.splitlines() if b"key_rights_verified{" in row)
            assert line.endswith(b" 1.0")
            await give(sandbox, withdraw=True)
            causes = harness.running.engine.causes
            active = causes.switch.is_active
            await harness.until(lambda: active(Cause.KEY_REFUSED), "cause")
            assert causes.state is TradingState.KILLED
            await harness.until(lambda: not harness.open_own(), "orders cancelled")
            assert await harness.stop() is ExitCode.KILLED
