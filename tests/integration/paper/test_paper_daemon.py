"""The daemon at each paper venue: trades, faults, a kill, and SIGKILL with a restart."""

import signal
from pathlib import Path

import pytest

from quoter.domain.market import Side
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.file_requests import request_kill
from tests.integration.daemon_process import until
from tests.integration.paper.forms import Form, Op
from tests.integration.paper.process import (
    agrees,
    best,
    daemon_at,
    fill_best,
    left_after_kill,
    lose_answer,
    quotes,
    quotes_anew,
)
from tests.integration.paper.server import paper_venue
from tests.integration.paper.venues import each_venue


@pytest.mark.slow
@each_venue
async def test_daemon_trades_through_faults_and_a_kill_reports_the_order_that_is_left(
    form: type[Form], tmp_path: Path
) -> None:
    async with paper_venue(form) as venue, daemon_at(venue, tmp_path) as daemon:
        market = venue.market
        for side in (Side.BUY, Side.SELL):
            await fill_best(venue, daemon, side)
        for op in (Op.CREATE, Op.CANCEL):
            await lose_answer(venue, daemon, op)
            await quotes_anew(venue, daemon)
        venue.drop_sockets()
        await quotes_anew(venue, daemon)
        await agrees(venue, daemon)
        stuck = await best(venue, daemon, Side.BUY)
        market.stuck.add(stuck.client_id)
        request_kill(tmp_path, "test")
        await until(lambda: left_after_kill(daemon) == [1], "the kill's result", daemon)
        assert market.open_orders() == [stuck]
        market.stuck.clear()
        daemon.process.send_signal(signal.SIGTERM)
        code = await daemon.ended()
        assert code == ExitCode.KILLED, daemon.lines[-10:]
        assert not market.open_orders()
    assert not venue.unknown, venue.unknown


@pytest.mark.slow
@each_venue
async def test_orders_of_a_killed_process_are_cancelled_by_the_next_one(
    form: type[Form], tmp_path: Path
) -> None:
    """One of them is known to no ledger entry but its intent: its answer was lost."""
    async with paper_venue(form) as venue:
        market = venue.market
        async with daemon_at(venue, tmp_path) as daemon:
            await fill_best(venue, daemon, Side.BUY)
            await lose_answer(venue, daemon, Op.CREATE)
            daemon.process.kill()
        left = market.open_orders()
        assert left
        for order in left:
            if order.side is Side.SELL:  # back to where it began: both sides will be quoted
                market.fill(order)
        creates = market.creates
        async with daemon_at(venue, tmp_path) as daemon:
            await until(lambda: not any(order.is_open for order in left), "old orders", daemon)
            await quotes(venue, daemon)
            assert market.creates > creates
            await agrees(venue, daemon)
            daemon.process.send_signal(signal.SIGTERM)
            code = await daemon.ended()
            assert code == ExitCode.CLEAN, daemon.lines[-10:]
        assert not market.open_orders()
        names = [order.client_id for order in market.orders.values()]
        assert len(names) == len(set(names))
    assert not venue.unknown, venue.unknown
