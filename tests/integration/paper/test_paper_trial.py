"""Testnets and demos of the paper venues: the trial order, `check --place` and the sentinel."""

import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from quoter.domain.market import Side
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.heartbeat_files import (
    SENTINEL_HEARTBEAT,
    SentinelHeartbeat,
    read_heartbeat,
)
from quoter.service.killswitch.file_requests import request_kill
from quoter.service.killswitch.latch import Latch
from quoter.venues.config import Environment
from quoter.venues.profiles import profile_of
from tests.integration.daemon_process import Started, until
from tests.integration.paper.bitget import Bitget
from tests.integration.paper.exchange import Status
from tests.integration.paper.forms import Form
from tests.integration.paper.gate import Gate
from tests.integration.paper.kraken import Kraken
from tests.integration.paper.process import best, left_after_kill, quoter_at, quotes
from tests.integration.paper.server import PaperVenue, paper_venue
from tests.integration.paper.venues import TEST_SYSTEMS, each_test_system

FEE_BPS = "10"  # of the paper venues; Bybit's demo does not say it


@asynccontextmanager
async def venue_of(form: type[Form], environment: Environment) -> AsyncIterator[PaperVenue]:
    """Run a paper venue, and check afterwards that it was asked as a test system is."""
    async with paper_venue(form) as venue:
        yield venue
    assert not venue.unknown, venue.unknown
    system = profile_of(form.exchange).systems[environment]
    assert {host.removesuffix(":443") for host in venue.hosts} <= system.hosts, venue.hosts
    for needed in system.headers:
        for _, request in venue.requests:
            if request.host == needed.host and request.path not in needed.exempt:
                assert request.headers.get(needed.name) == needed.value, request


def quoter(
    venue: PaperVenue, folder: Path, environment: Environment, *arguments: str, **more: str
) -> AbstractAsyncContextManager[Started]:
    """Run `quoter …` on a test system with the default of QUOTER_TRIAL_ORDER."""
    settings = {"QUOTER_TRIAL_ORDER": "auto", "QUOTER_FEE_MAKER_BPS": FEE_BPS} | more
    return quoter_at(venue, folder, *arguments, environment=environment, **settings)


@pytest.mark.slow
@each_test_system
async def test_daemon_quotes_after_its_trial_order_and_a_kill_reports_what_is_left(
    form: type[Form], environment: Environment, tmp_path: Path
) -> None:
    async with (
        venue_of(form, environment) as venue,
        quoter(venue, tmp_path, environment, "run") as daemon,
    ):
        await quotes(venue, daemon)
        trial, *_ = venue.market.orders.values()
        assert (trial.status, trial.is_post_only) == (Status.CANCELED, True)
        assert abs(trial.price / venue.market.mid - 1) > 0
        await until(lambda: daemon.logged("trial_order"), "logged", daemon)
        passed = daemon.logged("trial_order")
        assert passed is not None
        assert passed["passed"] is True
        stuck = await best(venue, daemon, Side.BUY)
        venue.market.stuck.add(stuck.client_id)
        request_kill(tmp_path, "test")
        await until(lambda: left_after_kill(daemon) == [1], "the kill's result", daemon)
        assert venue.market.open_orders() == [stuck]
        venue.market.stuck.clear()
        daemon.process.send_signal(signal.SIGTERM)
        code = await daemon.ended()
        assert code == ExitCode.KILLED, daemon.lines[-10:]
        assert not venue.market.open_orders()


@pytest.mark.slow
@each_test_system
@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("list", "the list of open orders did not show it"),
        ("stream", "the private stream did not report it"),
    ],
)
async def test_trial_order_that_is_not_found_ends_the_start(
    form: type[Form], environment: Environment, tmp_path: Path, fault: str, text: str
) -> None:
    async with venue_of(form, environment) as venue:
        venue.market.is_list_empty = fault == "list"
        venue.faults.is_private_silent = fault == "stream"
        async with quoter(venue, tmp_path, environment, "run") as daemon:
            code = await daemon.ended()
        assert code == ExitCode.TRIAL_FAILED, daemon.lines[-10:]
        failed = daemon.logged("start_failed")
        assert failed is not None, daemon.lines[-10:]
        assert f"the trial order failed: {text}" in str(failed["reason"])
        assert venue.market.creates == 1
        assert not venue.market.open_orders()


@pytest.mark.slow
@each_test_system
async def test_check_places_the_trial_order_and_says_what_is_proven(
    form: type[Form], environment: Environment, tmp_path: Path
) -> None:
    async with venue_of(form, environment) as venue:
        async with quoter(venue, tmp_path, environment, "check", "--place") as check:
            code = await check.ended()
        said = " ".join(" ".join(check.text).split())
        assert code == ExitCode.CLEAN, said
        assert f"on its {environment} a trial order comes first; production is refused: " in said
        assert "found in stream and list, cancelled, gone" in said
        (trial,) = venue.market.orders.values()
        assert trial.status is Status.CANCELED


@each_test_system
async def test_test_system_without_a_trial_order_is_refused(
    form: type[Form], environment: Environment, tmp_path: Path
) -> None:
    async with venue_of(form, environment) as venue:
        async with quoter(venue, tmp_path, environment, "run", QUOTER_TRIAL_ORDER="off") as daemon:
            code = await daemon.ended()
        assert code == ExitCode.USAGE, daemon.lines
        assert "needs QUOTER_TRIAL_ORDER=auto" in str(daemon.lines)
        assert not venue.requests


@pytest.mark.parametrize(
    ("form", "environment"), [(Bitget, "demo"), (Gate, "testnet")], ids=["bitget", "gate"]
)
async def test_unified_account_is_refused_with_the_reason(
    form: type[Form], environment: Environment, tmp_path: Path
) -> None:
    async with venue_of(form, environment) as venue:
        venue.form.is_unified = True  # type: ignore[attr-defined]
        async with quoter(venue, tmp_path, environment, "check") as check:
            code = await check.ended()
        said = " ".join(" ".join(check.text).split())
        assert code == ExitCode.KEY_RIGHTS, said
        assert "its account is of a kind (classic or unified) that quoter can't trade" in said
        assert not venue.market.creates


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "environment"),
    [*TEST_SYSTEMS, (Kraken, "production")],
    ids=lambda value: value if isinstance(value, str) else value.exchange,
)
async def test_sentinel_cancels_what_a_killed_daemon_left(
    form: type[Form], environment: Environment, tmp_path: Path
) -> None:
    async with (
        paper_venue(form) as venue,
        quoter(venue, tmp_path, environment, "sentinel", QUOTER_SENTINEL_PORT="0") as sentinel,
    ):
        path = tmp_path / SENTINEL_HEARTBEAT
        await until(lambda: read_heartbeat(path, SentinelHeartbeat), "sentinel", sentinel)
        async with quoter(
            venue, tmp_path, environment, "run", QUOTER_SENTINEL="required"
        ) as daemon:
            await quotes(venue, daemon)
            daemon.process.kill()
            await daemon.process.wait()
        assert venue.market.open_orders()
        await until(lambda: not venue.market.open_orders(), "cancelled", sentinel)
        await until(Latch(tmp_path).is_set, "latched", sentinel)
        sentinel.process.send_signal(signal.SIGTERM)
        code = await sentinel.ended()
        assert code == ExitCode.CLEAN, sentinel.lines[-10:]
    assert not venue.unknown, venue.unknown
