"""Collects the content of a report from the steps of a replayed run, in bounded memory."""

from collections.abc import Callable
from typing import Final

from quoter.domain.events import Tick
from quoter.domain.market import Side
from quoter.domain.step import MarkoutPnl, Pnl, SidePnl, Step
from quoter.domain.units import BPS_PER_UNIT, NS_PER_MS, NS_PER_S
from quoter.engine.engine import Engine
from quoter.engine.run_statistics import RESTING, RunStatistics
from quoter.ledger.sums import Sums
from quoter.report.fill_rows import FillRow, FillRows
from quoter.report.incidents import Incidents
from quoter.report.latencies import Latencies
from quoter.report.markout_curve import MarkoutCurve
from quoter.report.timeline import Timeline
from quoter.report.uptime import QuoteUptime

MOMENTS_MAX: Final = 1_440  # of a timeline: one per minute of a day
MARKET_COLUMNS: Final = ("bid", "ask", "mid", "reservation_price", "own_bid", "own_ask")
OFFSET_COLUMNS: Final = ("bid", "ask", "reservation_price", "own_bid", "own_ask")
PNL_COLUMNS: Final = ("total", "spread", "inventory", "fees")


class RunObserver:
    """Follows the engine of a replay from `since_ns` on."""

    def __init__(
        self, engine: Engine, *, since_ns: int, write_fill: Callable[[FillRow], None]
    ) -> None:
        self.engine = engine
        self._since_ns = since_ns
        self.first_ns = 0  # time of the first step in the period
        self.last_ns = 0
        self.before: Pnl | None = None  # at the beginning of the period
        self.statistics = RunStatistics(engine)
        self.fills = FillRows(write_fill)
        self.booked = Sums()  # of all fills so far, including those before the period
        self.curve = MarkoutCurve()
        self.uptime = QuoteUptime()
        self.latencies = Latencies()
        self.incidents = Incidents()
        self.market = Timeline(MARKET_COLUMNS, moments_max=MOMENTS_MAX, period_ns=100 * NS_PER_MS)
        self.offsets = Timeline(OFFSET_COLUMNS, moments_max=MOMENTS_MAX, period_ns=100 * NS_PER_MS)
        self.inventory = Timeline(("base",), moments_max=MOMENTS_MAX, period_ns=100 * NS_PER_MS)
        self.pnl = Timeline(PNL_COLUMNS, moments_max=MOMENTS_MAX, period_ns=NS_PER_S)
        self._mark_ns = 0

    def observe(self, step: Step) -> None:
        """Add the step that the engine has just made to all parts of the report."""
        ts_ns = self.engine.ts_ns
        if step.booked:
            self.booked.add(
                (f.side, str(f.price), str(f.size), str(f.fee), f.fee_asset)
                for f in (booked.fill for booked in step.booked)
            )
        if ts_ns < self._since_ns:
            return
        if not self.first_ns:
            self._begin(ts_ns)
        self.last_ns = ts_ns
        self.statistics.observe(step)
        self.uptime.observe(self.engine, step)
        self.latencies.observe(step)
        self.incidents.observe(step)
        self._follow_marks(step)
        if isinstance(step.event, Tick) or step.booked:
            self._sample(ts_ns)

    def _begin(self, ts_ns: int) -> None:
        self.first_ns = ts_ns
        self.incidents.start(self.engine.causes.state, ts_ns)
        if self._since_ns:
            self.before = self.engine.attribution.pnl(self.engine.market.mid)

    def _follow_marks(self, step: Step) -> None:
        """Value fills at the marks of the engine's attribution, at the same times."""
        attribution = self.engine.attribution
        mark = attribution.last_mark
        if mark is None:
            return
        if attribution.marked_ns != self._mark_ns:
            self._mark_ns = attribution.marked_ns
            self.curve.see(mark, self._mark_ns)
        for booked in step.booked:
            self.curve.fill(booked.fill, mark, self.engine.ts_ns)
            self.fills.add(self.engine.ts_ns, booked, mark)

    def _sample(self, ts_ns: int) -> None:
        engine = self.engine
        market, terms = engine.market, engine.quoting.latest.terms
        touch = market.touch or (None, None)
        reservation = terms.reservation_price if terms is not None else None
        mid, own_bid, own_ask = market.mid, self._own(Side.BUY), self._own(Side.SELL)
        prices = (*touch, mid, reservation, own_bid, own_ask)
        self.market.add(ts_ns, prices)
        if mid is not None:
            given = (*touch, reservation, own_bid, own_ask)
            bps = ((p / mid - 1.0) * BPS_PER_UNIT if p is not None else None for p in given)
            self.offsets.add(ts_ns, tuple(bps))
        self.inventory.add(ts_ns, (float(engine.inventory.net),))
        if self.pnl.is_due(ts_ns):
            self._sample_pnl(ts_ns)

    def finish(self) -> None:
        """Record the last values. Call it once, after the last step."""
        if self.last_ns:
            self._sample(self.last_ns)
            self._sample_pnl(self.last_ns)

    def _sample_pnl(self, ts_ns: int) -> None:
        pnl = self.result()
        self.pnl.add(ts_ns, tuple(map(float, (pnl.total, pnl.spread, pnl.inventory, -pnl.fees))))

    def _own(self, side: Side) -> float | None:
        """Return the best price of our resting orders on a side; None if there is none."""
        prices = [o.price_float for o in self.engine.orders.of_side(side) if o.state in RESTING]
        if not prices:
            return None
        return max(prices) if side is Side.BUY else min(prices)

    def result(self) -> Pnl:
        """Return the exact profit of the period."""
        now = self.engine.attribution.pnl(self.engine.market.mid)
        return now if self.before is None else difference(now, self.before)


def difference(now: Pnl, before: Pnl) -> Pnl:
    """Return the profit between two moments, part by part."""
    sides = {side: _side_difference(now.sides[side], before.sides[side]) for side in now.sides}
    return Pnl(
        total=now.total - before.total,
        spread=now.spread - before.spread,
        inventory=now.inventory - before.inventory,
        fees=now.fees - before.fees,
        funding=now.funding - before.funding,
        held=now.held - before.held,
        sides=sides,
    )


def _side_difference(now: SidePnl, before: SidePnl) -> SidePnl:
    horizons = {
        horizon_s: MarkoutPnl(
            markout=part.markout - before.horizons[horizon_s].markout,
            residual=part.residual - before.horizons[horizon_s].residual,
        )
        for horizon_s, part in now.horizons.items()
    }
    return SidePnl(
        notional=now.notional - before.notional,
        spread=now.spread - before.spread,
        fees=now.fees - before.fees,
        horizons=horizons,
    )
