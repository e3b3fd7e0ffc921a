"""The engine on a tape: equal runs, exact books, and bounds that hold."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.app.backtesting import run_setups, suggested_limits
from quoter.backtest.fill_terms import DelayOptions
from quoter.backtest.tape_run import RunResult, TapeRun
from quoter.domain.trading import Cause, TradingState
from quoter.settings import FixedSettings, Settings
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import BestNews, DepthNews
from quoter.sim.model_markets import BITCOIN
from quoter.tapes.binance_raw import read_lines
from quoter.tapes.opening import open_tape
from tests.unit.backtest.synthetic_tape import SYMBOL, write_tape

pytestmark = pytest.mark.slow  # each run plays a minute of a market
DELAY = DelayOptions(median_ms=5.0, spread=2.0, seed=1)
ALL = tuple(FillModel)


def settings(fee_maker_bps: float) -> Settings:
    limits = suggested_limits(BITCOIN)
    return FixedSettings(
        order_size=Decimal(limits["QUOTER_ORDER_SIZE"]),
        inventory_max=Decimal(limits["QUOTER_INVENTORY_MAX"]),
        notional_max=Decimal(limits["QUOTER_NOTIONAL_MAX"]),
        loss_max=Decimal(limits["QUOTER_LOSS_MAX"]),
        fee_maker_bps=fee_maker_bps,
        requote_hold_s=0.0,
    )


def play(
    tape: Path,
    models: Sequence[FillModel] = ALL,
    delay: DelayOptions = DELAY,
    fee_maker_bps: float = 0.0,
) -> list[TapeRun]:
    opening = open_tape(read_lines((tape,)))
    setups = run_setups(
        settings(fee_maker_bps), BITCOIN, start_ns=opening.ts_ns, models=models, delay=delay
    )
    runs = [TapeRun(setup, opening.book, opening.ts_ns) for setup in setups]
    for ts_ns, row in opening.lines:
        for run in runs:
            run.play(ts_ns, row)
    return runs


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tape(tmp_path_factory.mktemp("tape") / "tape", seconds=60.0)


@pytest.fixture(scope="module")
def results(tape: Path) -> list[RunResult]:
    return [run.result() for run in play(tape)]


def test_every_model_quotes_fills_and_keeps_exact_books(results: list[RunResult]) -> None:
    for result in results:
        assert result.is_equal
        assert result.state is TradingState.RUNNING
        assert result.two_sided_share > 0.3  # sides are not quoted after bursts of fills
        assert result.gaps == 0
        assert Cause.BOOK_DESYNC not in result.causes_s
    assert results[0].fills >= 10
    assert results[0].orders >= results[0].fills
    assert 59 < results[0].seconds < 61


def test_the_parts_of_the_profit_add_up(results: list[RunResult]) -> None:
    for result in results:
        pnl = result.pnl
        assert pnl.total == pnl.spread + pnl.inventory - pnl.fees


def test_two_runs_are_equal(tape: Path, results: list[RunResult]) -> None:
    assert [run.result() for run in play(tape)] == results


def test_a_maker_fee_is_charged_by_the_venue_and_in_the_books(tape: Path) -> None:
    (run,) = play(tape, (FillModel.FRONT,), fee_maker_bps=0.5)
    result = run.result()
    notional = float(sum(side.notional for side in result.pnl.sides.values()))
    assert notional > 0
    assert float(result.pnl.fees) == pytest.approx(
        notional * 0.5 / 10_000, rel=0.15
    )  # the venue rounds small fees down
    assert result.is_equal


def test_no_engine_sees_what_has_not_arrived_yet(tape: Path) -> None:
    """With half a second of latency the engine's book lags the venue's by that time."""
    slow = DelayOptions(median_ms=500.0, spread=1.0, seed=1)
    (run,) = play(tape, (FillModel.CERTAIN,), delay=slow)
    assert run.engine.market.book.last < run.exchange.depth(SYMBOL, 1).last


def test_published_ids_order_best_prices_and_depth_while_orders_come_and_go(tape: Path) -> None:
    """At the id of the newest best price, or above it, the depth shows the same best price."""
    opening = open_tape(read_lines((tape,)))
    (setup,) = run_setups(
        settings(0.0), BITCOIN, start_ns=opening.ts_ns, models=(FillModel.FRONT,), delay=DELAY
    )
    run = TapeRun(setup, opening.book, opening.ts_ns)
    seen = _Book(run)
    for ts_ns, row in opening.lines:
        run.play(ts_ns, row)
    assert seen.compared > 100
    assert seen.differences == []


class _Book:
    """Best prices by the depth stream against the newest of the best-price stream."""

    def __init__(self, run: TapeRun) -> None:
        self._sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = {}, {}
        self._best: BestNews | None = None
        self.compared = 0
        self.differences: list[str] = []
        deliver, book = run.gateway.deliver, run.exchange.depth(SYMBOL, 1_000)
        self._update(book.bids, book.asks)

        def watched(news: Sequence[object]) -> None:
            for one in news:
                self._see(one)
            deliver(news)  # type: ignore[arg-type]

        run.gateway.deliver = watched  # type: ignore[method-assign,assignment]

    def _see(self, news: object) -> None:
        if isinstance(news, BestNews):
            self._best = news
        elif isinstance(news, DepthNews):
            self._update(news.bids, news.asks)
            best = self._best
            if best is not None and news.last >= best.update_id:
                bid, ask = max(self._sides[0].items()), min(self._sides[1].items())
                self.compared += 1
                if (bid, ask) != (best.bid, best.ask):
                    self.differences.append(f"{news.last}: {bid} {ask}, {best}")

    def _update(self, *changes: tuple[tuple[Decimal, Decimal], ...]) -> None:
        for side, rows in zip(self._sides, changes, strict=True):
            side.update(rows)
            for price in [price for price, size in rows if not size]:
                side.pop(price, None)
