"""Protection against informed takers: detection, and effect on our quotes.

There are three protections, each with a switch and a bound. The predicted move of fair value shifts
both quotes. The markout cost of a side moves that side out. After a burst of fills, a side is not
quoted for a while. Two figures are only reported: VPIN, and the edge of simulated fills at other
distances.
"""

from collections.abc import Iterable, Mapping

from quoter.domain.estimates import Edge
from quoter.domain.events import Trade
from quoter.domain.market import Side
from quoter.domain.units import BPS, S_PER_NS
from quoter.engine.config import ToxicFlowConfig
from quoter.pricing.estimators.flow import FlowAlpha, signal
from quoter.pricing.estimators.markout import HORIZONS_S, Markouts
from quoter.pricing.estimators.side_cooldown import SideCooldown
from quoter.pricing.estimators.simulated_edge import HORIZONS_S as EDGE_HORIZONS_S
from quoter.pricing.estimators.simulated_edge import SimulatedEdge
from quoter.pricing.estimators.vpin import BUCKETS_PER_DAY, Vpin
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.executions import Execution

DAY_S = 86_400.0
SLOW_S = 1.0  # minimum time between two updates of slowly changing figures


class ToxicFlow:
    """Owns the estimators of toxic flow.

    Quotes use these attributes. alpha: predicted move of fair value, price. markout_cost_bid,
    markout_cost_ask: extra distance of that side, price, >= 0. cooling_down: our sides that are not
    quoted.
    """

    def __init__(
        self,
        config: ToxicFlowConfig,
        instrument: CurrentInstrument,
        *,
        volume_per_s: float | None,
    ) -> None:
        """Set the bucket size of VPIN from `volume_per_s`: base, both sides; None if not known."""
        self._config = config
        self._instrument = instrument
        self._flow = FlowAlpha()
        self._markouts = Markouts()
        self._cooldown = _cooldown_of(config)
        self._vpin = Vpin(volume_per_s * DAY_S / BUCKETS_PER_DAY) if volume_per_s else None
        self._simulated_edge: SimulatedEdge | None = None
        self._slow_s = 0.0
        self.flow = 0.0  # in units of its standard deviation, > 0 while takers buy
        self.alpha = self.markout_cost_bid = self.markout_cost_ask = 0.0
        self.cooling_down: tuple[Side, ...] = ()
        self.has_no_edge = False

    def apply_settings(self, config: ToxicFlowConfig) -> None:
        """Use other bounds. A running side cooldown continues unless cooldowns are switched off."""
        if self._cooldown is None or not config.side_cooldown_s > 0.0:
            self._cooldown, self.cooling_down = _cooldown_of(config), ()
        else:
            self._cooldown.set_cooldown(config.side_cooldown_s)
        self._config, self._slow_s = config, 0.0

    def restart(self) -> None:
        """Drop pending measurements after a gap in the feed."""
        self._flow.restart()
        self._markouts.restart()
        if self._simulated_edge is not None:
            self._simulated_edge.restart()

    def on_trade(self, trade: Trade) -> None:
        """Process a public trade. Trades with our orders are included: they move the price too."""
        t_s = trade.ts_ns * S_PER_NS
        self._flow.on_trade(t_s, trade.taker, trade.size)
        if self._vpin is not None:
            is_buy = trade.taker is Side.BUY
            self._vpin.add(trade.size if is_buy else 0.0, 0.0 if is_buy else trade.size)
        if self._simulated_edge is not None:
            self._simulated_edge.on_trade(t_s, trade.taker, trade.price)

    def on_fills(
        self,
        t_s: float,
        executions: Iterable[Execution],
        *,
        mid: float | None,
        takers_per_s: Mapping[Side, float],
        sigma: float = 0.0,
    ) -> None:
        """Add our own fills to the markouts and to the side cooldowns.

        mid: the mid just before the fills, quote/base; without it (None) no markout is measured.
        takers_per_s: takers expected to fill an order of ours, by our side. sigma: price/sqrt(s), 0
        if not known.
        """
        for one in executions:
            side, lots = one.fill.side, one.lots
            if mid is not None:
                self._markouts.on_fill(t_s, side, mid, lots, is_new=one.is_new)
            if self._cooldown is not None:
                self._cooldown.on_fill(
                    t_s, side, one.order, takers_per_s[side], mid=mid, sigma=sigma
                )

    def on_mid(self, t_s: float, mid: float) -> None:
        """Record the mid of others, quote/base; call it about ten times a second."""
        self._flow.on_mid(t_s, mid)
        self._markouts.on_mark(t_s, mid)
        if self._simulated_edge is not None:
            self._simulated_edge.on_mid(t_s, mid)

    def refresh(self, t_s: float, *, mid: float, half: float) -> None:
        """Update the figures that quotes use; mid: quote/base; half: our half-spread, price."""
        self.flow = self._flow.flow.z(t_s)
        most = self._config.alpha_max * half
        self.alpha = min(max(self._flow.alpha(t_s, half), -most), most)
        if self._cooldown is not None:
            self._cooldown.update(t_s, signal(self.flow))
            self.cooling_down = self._cooldown.sides
        if abs(t_s - self._slow_s) >= SLOW_S:
            self._slow_s = t_s
            self._refresh_slow(t_s, mid, half)

    def _refresh_slow(self, t_s: float, mid: float, half: float) -> None:
        most = self._config.markout_cost_max * half
        bid, ask = (self._markouts.cost(t_s, side, fair=mid, half=half) for side in Side)
        self.markout_cost_bid, self.markout_cost_ask = min(bid, most), min(ask, most)
        if self._simulated_edge is None:
            self._simulated_edge = SimulatedEdge(half_bps=half / mid / BPS)
        fee_bps = self._instrument.now.fee_maker_float / BPS
        self.has_no_edge = self._simulated_edge.has_no_edge(fee_bps)

    @property
    def vpin(self) -> float | None:
        return self._vpin.value if self._vpin is not None else None

    def markouts_bps(self, t_s: float) -> dict[tuple[Side, float], float]:
        """Mean markout, bps, by our side and horizon (s); negative means a loss."""
        mean = self._markouts.mean_bps
        return {(side, h): mean(t_s, side, h) for side in Side for h in HORIZONS_S}

    @property
    def edges(self) -> dict[float, tuple[Edge, ...]]:
        """Edges of simulated fills by horizon in seconds; empty before the first quote."""
        simulated = self._simulated_edge
        return {} if simulated is None else {h: simulated.edges(h) for h in EDGE_HORIZONS_S}


def _cooldown_of(config: ToxicFlowConfig) -> SideCooldown | None:
    return (
        SideCooldown(side_cooldown_s=config.side_cooldown_s)
        if config.side_cooldown_s > 0.0
        else None
    )
