"""Share of the time in which both sides are quoted, over days with one loss of both streams each.

Run as `python -m tests.simulation.days [--days 3] [--market thin|still] [--seed 1]`. The real
market stream is replaced without a gap (quoter/venues/streams/reconnecting.py); here both streams
are lost for some seconds at noon, which is worse. With `--market still` the market has no update
but those of our own orders once the estimates are known. The loss at noon is the only cause that
may stop quoting in either market.
"""

import argparse
from dataclasses import replace
from decimal import Decimal

from rich.console import Console
from rich.progress import track

from quoter.backtest.tape_run import ACCOUNT
from quoter.domain.events import FeedDown, FeedUp
from quoter.domain.market import Side, Stream
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.sim.model_markets import THIN
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import maker

DAY_S = 86_400.0
DOWN_S = 2.0
SAMPLE_S = 1.0
SETTLE_S = 60.0
TWO_SIDED_MIN = 0.999


class Days:
    """One run and its samples."""

    def __init__(self, seed: int, *, is_still: bool = False) -> None:
        market = replace(THIN, depth_levels=3, fee_maker=Decimal(0))
        config = maker(market, order_size=Decimal(10))
        tick_ns = NS_PER_S // 4  # the daemon's is 0.1 s; this saves time
        self.simulation = Simulation(
            Setup(market=market, engine=config, seed=seed, tick_ns=tick_ns)
        )
        self._symbol = market.symbol
        self._is_still = is_still
        self.samples = self.two_sided = self.at_limit = 0
        self.raised: list[str] = []  # causes that stopped quoting and are no loss of a stream

    def run(self, days: int) -> None:
        """Run to the last midnight; both streams are lost at noon."""
        self.simulation.run_until(SETTLE_S)
        self.simulation.observers.append(self._note_causes)
        if self._is_still:
            self.simulation.stop_market()
        for hour in track(range(24 * days), description=f"{days} days"):
            if hour % 24 == 12:
                self._lose(hour * 3600.0)
            self._sample(max(hour * 3600.0, SETTLE_S), (hour + 1) * 3600.0)

    def _lose(self, at_s: float) -> None:
        simulation = self.simulation
        for stream in (Stream.MARKET, Stream.PRIVATE):
            now_ns = simulation.schedule.now_ns
            simulation.handle(FeedDown(ts_ns=now_ns, stream=stream, text="24 h"))
        self._sample(at_s, at_s + DOWN_S)
        for stream in (Stream.MARKET, Stream.PRIVATE):
            simulation.handle(FeedUp(ts_ns=simulation.schedule.now_ns, stream=stream))
        simulation.gateway.resync()

    def _note_causes(self, step: Step) -> None:
        """Keep the causes that a step raised, with their texts."""
        raised = step.state.raised if step.state is not None else ()
        lost = (Cause.MARKET_FEED_DOWN, Cause.PRIVATE_STREAM_DOWN)
        self.raised += [f"{cause}: {text}" for cause, text in raised if cause not in lost]

    def _sample(self, from_s: float, to_s: float) -> None:
        """Sample our open orders at the exchange every second."""
        engine = self.simulation.engine
        at_s = max(from_s, self.simulation.now_s)
        while at_s < to_s:
            at_s = min(at_s + SAMPLE_S, to_s)
            self.simulation.run_until(at_s)
            resting = self.simulation.exchange.open_orders(ACCOUNT, self._symbol)
            lots = abs(engine.inventory.net / engine.config.order_size)
            self.samples += 1
            self.at_limit += lots >= engine.config.lots_max - 1
            self.two_sided += {order.side for order in resting} == set(Side)


def main() -> int:
    """Return 0 if both sides were quoted long enough and the balances are equal, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.days", description=__doc__)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--market", choices=("thin", "still"), default="thin")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    days = Days(arguments.seed, is_still=arguments.market == "still")
    days.run(arguments.days)
    engine = days.simulation.engine
    is_true = engine.inventory.balances == days.simulation.truth()
    is_running = engine.causes.state is TradingState.RUNNING
    share = days.two_sided / days.samples
    fills = engine.inventory.fills_buy + engine.inventory.fills_sell
    Console().print(
        f"{arguments.days} days, {days.samples} samples, {fills} fills: two-sided {share:.4%},"
        f" within an order of the limit {days.at_limit / days.samples:.4%}; books"
        f" {'equal' if is_true else 'DIFFER FROM'} the truth, {engine.causes.state.name};"
        f" {len(days.raised)} other causes: {days.raised}"
    )
    is_quoted = share >= TWO_SIDED_MIN and not days.raised
    return 0 if is_quoted and is_true and is_running else 1


if __name__ == "__main__":
    raise SystemExit(main())
