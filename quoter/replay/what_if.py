"""What other settings would have quoted at each moment of a replayed run.

Market, orders, fills and inventory stay those of the run: fills are neither added nor removed. Only
estimates and quotes are computed again with the other configuration.
"""

from dataclasses import dataclass, replace
from math import nan
from typing import Final, NamedTuple

from quoter.domain.errors import InvalidInput
from quoter.domain.events import (
    BookDelta,
    BookSnapshot,
    LiveParamsChanged,
    Tick,
    TopOfBook,
    Trade,
)
from quoter.domain.outcomes import Done
from quoter.domain.quotes import Quote, TwoSidedQuote
from quoter.domain.step import Step
from quoter.domain.trading import NoQuote, Phase, TradingState
from quoter.domain.units import BPS_PER_UNIT, S_PER_NS
from quoter.engine.commands.live_params import params_of, shape_of
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.quoting.estimators import Estimators
from quoter.engine.quoting.quoting import Quoting
from quoter.engine.quoting.regime import RegimeWatch
from quoter.engine.step_builder import StepBuilder
from quoter.state.executions import Executions

FIRST_SHOWN: Final = 5


class QuoteChange(NamedTuple):
    """A moment at which the other settings quote differently."""

    ts_ns: int
    fair: float | None
    run: TwoSidedQuote
    other: TwoSidedQuote


@dataclass(slots=True)
class SideSummary:
    """Distances of a side's best quote from fair value, with two settings.

    Distances are basis points, with the settings of the run and with the other ones.
    """

    quotes: int = 0  # moments at which both settings quote this side
    only_run: int = 0  # moments at which only the run quotes it
    only_other: int = 0
    run_bps: float = 0.0  # sum over the moments counted in `quotes`
    other_bps: float = 0.0

    @property
    def means(self) -> tuple[float, float]:
        """Mean distances with the run's and the other settings, bps; nan if `quotes` is 0."""
        if not self.quotes:
            return nan, nan
        return self.run_bps / self.quotes, self.other_bps / self.quotes

    def add(self, run: Quote | None, other: Quote | None, fair: float | None) -> None:
        """Add one moment; `run` and `other` are the best quotes, None if the side is not quoted.

        Distances are added only if both quote the side and fair value is known.
        """
        self.only_run += run is not None and other is None
        self.only_other += other is not None and run is None
        if run is None or other is None or fair is None:
            return
        self.quotes += 1
        self.run_bps += abs(float(run.price) - fair) / fair * BPS_PER_UNIT
        self.other_bps += abs(float(other.price) - fair) / fair * BPS_PER_UNIT


class WhatIf:
    """Estimates and quotes with another configuration, computed beside the engine of a replay."""

    def __init__(self, engine: Engine, other: EngineConfig) -> None:
        """Follow `engine` from the start of its replay; `other` differs in settings only."""
        self._engine, self._config = engine, other
        self._changed_params = _changed(engine.config, other)
        market, instrument, causes = engine.market, engine.instrument, HaltCauses(other.hysteresis)
        self._estimators = Estimators(other, instrument, market, engine.orders)
        self._regime = RegimeWatch(other, instrument, market, self._estimators, causes)
        self._quoting = Quoting(
            other, market, self._estimators, self._regime, engine.inventory, instrument
        )
        self._executions = Executions(other.order_size)
        self._was_ready = False
        self.moments = 0  # at which a quote was computed
        self.different = 0
        self.first: list[QuoteChange] = []
        # changes of live parameters in the run that the other settings do not allow
        self.refused: list[str] = []
        self.bid, self.ask = SideSummary(), SideSummary()

    def follow(self, step: Step) -> None:
        """Update estimates and quote of the other settings after a step of the replayed engine."""
        engine, builder = self._engine, StepBuilder(step.event, self._engine.ts_ns)
        was_ready, self._was_ready = self._was_ready, engine.market.book.ready
        if not self._take_in(step, builder, was_ready):
            return
        if step.booked:
            executions = self._executions.merge(engine.ts_ns, (one.fill for one in step.booked))
            self._estimators.on_fills(engine.ts_ns * S_PER_NS, executions)
        if engine.causes.state >= TradingState.PAUSED or engine.phase is Phase.DRAINING:
            self._quoting.clear(NoQuote.STATE)
            return
        lots = float(engine.inventory.net / self._config.order_size)
        is_new = self._quoting.refresh(engine.ts_ns, lots)
        if is_new or step.quote is not None:
            self._compare(engine.quoting.latest, self._quoting.latest)

    def _take_in(self, step: Step, builder: StepBuilder, was_ready: bool) -> bool:
        """Update the estimates as the engine does; False if the event changes no decision."""
        engine, event = self._engine, step.event
        match event:
            case BookDelta() | TopOfBook() | BookSnapshot() | Trade():
                if isinstance(event, BookSnapshot) and engine.market.book.ready:
                    if not was_ready:
                        self._estimators.restart()
                elif not (
                    engine.market.has_new_best
                    or isinstance(event, Trade)
                    or (step.state is not None and step.state.cleared)
                ):
                    return False
                self._estimators.observe(event, builder)
            case Tick():
                self._estimators.observe(event, builder)
                self._regime.tick(builder, engine.losses.equity)
            case LiveParamsChanged() if isinstance(step.outcome, Done):
                self._change_params(event)
            case _:
                pass
        return True

    def _change_params(self, event: LiveParamsChanged) -> None:
        """Apply a change of live parameters, except those that differ in the other settings.

        A change that the other settings do not allow is refused, as an engine would do.
        """
        params = replace(event.params, **self._changed_params)
        pricing = self._config.pricing
        toxic = replace(
            pricing.toxic_flow,
            alpha_max=params.alpha_max,
            markout_cost_max=params.markout_cost_max,
            side_cooldown_s=params.side_cooldown_s,
        )
        try:
            shape = shape_of(pricing.shape, params)
            self._estimators.apply_settings(params.gamma, params.adverse_bps, toxic)
        except InvalidInput as error:
            self.refused.append(str(error))
            return
        self._quoting.set_shape(shape)

    def _compare(self, run: TwoSidedQuote, other: TwoSidedQuote) -> None:
        if any(off.reason is NoQuote.STATE for off in run.off):
            return  # a trial order or a flattening replaced the quotes
        self.moments += 1
        fair = run.terms.inputs.fair if run.terms is not None else None
        self.bid.add(_best(run.bids), _best(other.bids), fair)
        self.ask.add(_best(run.asks), _best(other.asks), fair)
        if (run.bids, run.asks) == (other.bids, other.asks):
            return
        self.different += 1
        if len(self.first) < FIRST_SHOWN:
            self.first.append(QuoteChange(self._engine.ts_ns, fair, run, other))


def _best(quotes: tuple[Quote, ...]) -> Quote | None:
    return quotes[0] if quotes else None


def _changed(run: EngineConfig, other: EngineConfig) -> dict[str, float]:
    """Return the live parameters in which the configurations differ, with the values of `other`."""
    before, after = params_of(run), params_of(other)
    names = type(after).__dataclass_fields__
    values = {name: getattr(after, name) for name in names}
    return {name: value for name, value in values.items() if value != getattr(before, name)}
