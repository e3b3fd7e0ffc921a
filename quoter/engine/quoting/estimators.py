"""Owns all estimators, passes events to them, and their results to pricing.

Sigma and kappa follow every change of the best prices. The other estimators follow trades, fills
and ticks (ten a second). They change more slowly, and book updates stay cheap.
"""

from collections.abc import Iterable

from quoter.domain.errors import InvalidInput
from quoter.domain.estimates import Estimates
from quoter.domain.events import Event, Tick, Trade
from quoter.domain.market import Level, Side
from quoter.domain.orders import OrderState
from quoter.domain.quotes import PricingInputs, QuoteTerms
from quoter.domain.trading import NoQuote
from quoter.domain.units import S_PER_NS
from quoter.engine.config import EngineConfig, Fair, ToxicFlowConfig
from quoter.engine.market.view import MarketView
from quoter.engine.quoting.calibration import Calibration
from quoter.engine.quoting.toxic_flow import ToxicFlow
from quoter.engine.step_builder import StepBuilder
from quoter.pricing.estimators.fair_value import MicroPrice, imbalance
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.executions import Execution
from quoter.state.open_orders import OpenOrders

IN_MARKET = frozenset({OrderState.OPEN, OrderState.PARTIAL, OrderState.PENDING_CANCEL})


class Estimators:
    """All estimators of one engine."""

    def __init__(
        self,
        config: EngineConfig,
        instrument: CurrentInstrument,
        market: MarketView,
        orders: OpenOrders,
    ) -> None:
        pricing = config.pricing
        self._market, self._orders = market, orders
        self._order_size = float(config.order_size)
        self.calibration = Calibration(
            pricing, instrument, order_size=self._order_size, lots_max=config.lots_max
        )
        self.toxic_flow = ToxicFlow(
            pricing.toxic_flow, instrument, volume_per_s=pricing.volume_per_s
        )
        self._micro = MicroPrice() if pricing.fair is Fair.MICRO else None
        self._half = 0.0  # our half-spread, price; 0 before the first quote
        # inputs of the last expected fill rate: mid, and revision of our orders
        self._expected_from: tuple[float, int] | None = None
        self._was_without_edge = False

    def restart(self) -> None:
        """Restart after a gap in the feed."""
        self.calibration.restart()
        self.toxic_flow.restart()
        if self._micro is not None:
            self._micro.restart()

    def apply_settings(self, gamma: float, adverse_bps: float, toxic_flow: ToxicFlowConfig) -> None:
        """Use other settings. Raises InvalidInput before anything has changed."""
        self.calibration.apply_settings(gamma, adverse_bps)
        self.toxic_flow.apply_settings(toxic_flow)

    def observe(self, event: Event, step: StepBuilder) -> None:
        """Update from a trade, a tick or a changed book; report invalid numbers as `bad_input`."""
        try:
            if isinstance(event, Trade):
                self._on_trade(event, step)
            elif self._market.touch is not None:
                bid, ask = self._market.touch
                self._calibrate(step, (bid + ask) / 2, (ask - bid) / 2)
                if isinstance(event, Tick):
                    self._on_tick(step, (bid + ask) / 2)
        except InvalidInput as error:
            step.add_anomaly("bad_input", str(error))

    def _calibrate(self, step: StepBuilder, mid: float, half_book_spread: float) -> None:
        calibration = self.calibration
        is_provisional = calibration.ready and not calibration.has_fixed_references
        calibration.on_mid(step.ts_ns, mid, half_book_spread)
        if is_provisional and calibration.has_fixed_references:
            step.add_anomaly("references_fixed", calibration.references_text)

    def _on_trade(self, trade: Trade, step: StepBuilder) -> None:
        self.toxic_flow.on_trade(trade)
        self.calibration.on_trade(trade)
        self._refresh(step.ts_ns * S_PER_NS)

    def _on_tick(self, step: StepBuilder, mid: float) -> None:
        t_s = step.ts_ns * S_PER_NS
        self.toxic_flow.on_mid(t_s, mid)
        bid, ask = self._market.bid, self._market.ask
        if self._micro is not None and bid is not None and ask is not None:
            share = imbalance(bid_size=bid.size, ask_size=ask.size)
            self._micro.update(t_s, mid=mid, spread=ask.price - bid.price, share=share)
        rests_on = mid, self._orders.revision
        resting = self._resting(mid) if rests_on != self._expected_from else None
        self._expected_from = rests_on
        self.calibration.on_orders(t_s, resting)
        self.calibration.update_fill_factor(t_s)
        self._refresh(t_s)
        is_without_edge = self.toxic_flow.has_no_edge
        if is_without_edge and not self._was_without_edge:
            step.add_anomaly(
                "no_edge",
                "simulated fills lose at every distance after the fee: see `edges` in /state",
            )
        self._was_without_edge = is_without_edge

    def _resting(self, mid: float) -> dict[Side, list[tuple[float, float]]]:
        """Our live orders by side: distance from the mid (price) and size (order sizes) of each."""
        resting: dict[Side, list[tuple[float, float]]] = {side: [] for side in Side}
        for order in self._orders:
            if order.state in IN_MARKET:
                distance = order.side.sign * (mid - order.price_float)
                resting[order.side].append((distance, float(order.leaves) / self._order_size))
        return resting

    def _refresh(self, t_s: float) -> None:
        mid = self._market.mid
        if mid is not None and self._half > 0.0:
            self.toxic_flow.refresh(t_s, mid=mid, half=self._half)

    def on_fills(self, t_s: float, executions: Iterable[Execution]) -> None:
        """Process the fills of a step, except those of IOC orders, in which we are the taker."""
        quoted = [one for one in executions if not self._orders.is_taker(one.fill)]
        for one in quoted:
            self.calibration.on_fill(t_s, one.lots)
        takers_per_s = self.calibration.expected_takers_per_s
        self.toxic_flow.on_fills(
            t_s,
            quoted,
            mid=self._market.mid,
            takers_per_s=takers_per_s,
            sigma=self.calibration.sigma or 0.0,
        )
        self._refresh(t_s)

    def on_quote(self, terms: QuoteTerms) -> None:
        """Set the half-spread of the latest quote, which the bounds of other terms depend on."""
        self._half = terms.half_spread

    def fair(self, bid: Level, ask: Level) -> float:
        """Fair value from the best levels of others, quote/base."""
        mid = (bid.price + ask.price) / 2
        if self._micro is None:
            return mid
        share = imbalance(bid_size=bid.size, ask_size=ask.size)
        return self._micro.fair(mid=mid, spread=ask.price - bid.price, share=share, half=self._half)

    @property
    def changing_figures(self) -> tuple[object, ...]:
        """Estimates that quotes depend on in addition to their `inputs`."""
        return self.calibration.estimate, self.toxic_flow.cooling_down

    def inputs(self, ts_ns: int, *, fair: float, lots: float) -> PricingInputs | NoQuote:
        """Return the inputs of a quote, or the reason why one is missing. Raises InvalidInput.

        fair: quote/base; lots: inventory in order sizes.
        """
        toxic = self.toxic_flow
        return self.calibration.inputs(
            ts_ns,
            fair=fair,
            lots=lots,
            alpha=toxic.alpha,
            markout_cost_bid=toxic.markout_cost_bid,
            markout_cost_ask=toxic.markout_cost_ask,
        )

    def estimates(self, ts_ns: int) -> Estimates:
        """The current estimates, for the state page and the metrics."""
        t_s, toxic = ts_ns * S_PER_NS, self.toxic_flow
        volatility, estimate = self.calibration.volatility, self.calibration.estimate
        return Estimates(
            sigma_slow=volatility.slow.sigma if volatility is not None else None,
            sigma_fast=volatility.fast.sigma if volatility is not None else None,
            noise_ratio=volatility.scales.noise_ratio if volatility is not None else None,
            sigma_ratio=self.calibration.sigma_ratio,
            gamma_ratio=self.calibration.gamma_ratio,
            confidence=estimate.confidence.value if estimate is not None else None,
            samples=estimate.samples if estimate is not None else None,
            error=estimate.error if estimate is not None else None,
            fill_factor=self.calibration.fill_factor,
            flow=toxic.flow,
            alpha=toxic.alpha,
            vpin=toxic.vpin,
            markouts_bps=toxic.markouts_bps(t_s),
            edges=toxic.edges,
            has_no_edge=toxic.has_no_edge,
            cooling_down=toxic.cooling_down,
        )
