"""Knobs that turn while we trade: all of a change is applied between two decisions, or none."""

from dataclasses import replace

from quoter.domain.errors import InvalidInput
from quoter.domain.events import ParamsChanged
from quoter.domain.params import Params
from quoter.engine.config import EngineConfig
from quoter.engine.learning import Learning
from quoter.engine.placing import Placing
from quoter.engine.quoting import Quoting
from quoter.engine.turn import Turn
from quoter.pricing.shape import QuoteShape

S_NS = 1e9


def params_of(config: EngineConfig) -> Params:
    """The knobs as the start set them."""
    pricing, requote = config.pricing, config.requote
    return Params(
        gamma=pricing.gamma,
        widening_beta=pricing.shape.beta,
        widening_power=pricing.shape.p,
        size_eta=pricing.shape.eta,
        spread_min_bps=pricing.shape.spread_min_bps,
        adverse_bps=pricing.adverse_bps,
        alpha_max=pricing.toxic_flow.alpha_halves_max,
        markout_max=pricing.toxic_flow.adverse_halves_max,
        pull_s=pricing.toxic_flow.pull_s,
        requote_hold_s=requote.hold_ns / S_NS,
        requote_tolerance=requote.tolerance,
    )


def shape_of(shape: QuoteShape, params: Params) -> QuoteShape:
    """The same shape with these knobs. Raises InvalidInput."""
    return replace(
        shape,
        beta=params.widening_beta,
        p=params.widening_power,
        eta=params.size_eta,
        spread_min_bps=params.spread_min_bps,
    )


class Knobs:
    """Hands a change to whoever works with it; `params` are those in force."""

    def __init__(
        self, config: EngineConfig, *, learning: Learning, quoting: Quoting, placing: Placing
    ) -> None:
        self._shape = config.pricing.shape
        self._toxic_flow = config.pricing.toxic_flow
        self._requote = config.requote
        self._learning = learning
        self._quoting = quoting
        self._placing = placing
        self.params = params_of(config)

    def handle(self, event: ParamsChanged, turn: Turn) -> None:
        """Apply it; what this market has no quote for is noted, and everything stays as it was."""
        params = event.params
        toxic = replace(
            self._toxic_flow,
            alpha_halves_max=params.alpha_max,
            adverse_halves_max=params.markout_max,
            pull_s=params.pull_s,
        )
        try:
            shape = shape_of(self._shape, params)
            self._learning.change(params.gamma, params.adverse_bps, toxic)
        except InvalidInput as error:
            turn.note("params_refused", str(error))
            return
        self._quoting.reshape(shape)
        self._placing.policy = replace(
            self._requote,
            hold_ns=int(params.requote_hold_s * S_NS),
            tolerance=params.requote_tolerance,
        )
        self.params = params
