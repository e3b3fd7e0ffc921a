"""Changes of the live parameters: all values of a change are applied, or none."""

from dataclasses import replace

from quoter.domain.errors import InvalidInput
from quoter.domain.events import LiveParamsChanged
from quoter.domain.outcomes import Done, EngineOutcome, RefusalReason, Refused
from quoter.domain.params import LiveParams
from quoter.domain.units import NS_PER_S
from quoter.engine.config import EngineConfig
from quoter.engine.placing.placing import Placing
from quoter.engine.quoting.estimators import Estimators
from quoter.engine.quoting.quoting import Quoting
from quoter.pricing.quote.shape import QuoteShape


def params_of(config: EngineConfig) -> LiveParams:
    """Return the initial live parameters, from the configuration."""
    pricing, requote = config.pricing, config.requote
    return LiveParams(
        gamma=pricing.gamma,
        widening_beta=pricing.shape.beta,
        widening_power=pricing.shape.p,
        size_eta=pricing.shape.eta,
        spread_min_bps=pricing.shape.spread_min_bps,
        adverse_bps=pricing.adverse_bps,
        alpha_max=pricing.toxic_flow.alpha_max,
        markout_cost_max=pricing.toxic_flow.markout_cost_max,
        side_cooldown_s=pricing.toxic_flow.side_cooldown_s,
        requote_hold_s=requote.hold_ns / NS_PER_S,
        requote_tolerance=requote.tolerance,
    )


def shape_of(shape: QuoteShape, params: LiveParams) -> QuoteShape:
    """Return `shape` with these parameters. Raises InvalidInput if one is out of range."""
    return replace(
        shape,
        beta=params.widening_beta,
        p=params.widening_power,
        eta=params.size_eta,
        spread_min_bps=params.spread_min_bps,
    )


class LiveParamsHandler:
    """Passes changes to the components that use them; `params` are the values in force."""

    def __init__(
        self, config: EngineConfig, *, estimators: Estimators, quoting: Quoting, placing: Placing
    ) -> None:
        self._shape = config.pricing.shape
        self._toxic_flow = config.pricing.toxic_flow
        self._requote = config.requote
        self._estimators = estimators
        self._quoting = quoting
        self._placing = placing
        self.params = params_of(config)

    def handle(self, event: LiveParamsChanged) -> EngineOutcome:
        """Apply a change. Refuse it if a value is out of range or no valid gamma results."""
        params = event.params
        toxic = replace(
            self._toxic_flow,
            alpha_max=params.alpha_max,
            markout_cost_max=params.markout_cost_max,
            side_cooldown_s=params.side_cooldown_s,
        )
        try:
            shape = shape_of(self._shape, params)
            self._estimators.apply_settings(params.gamma, params.adverse_bps, toxic)
        except InvalidInput as error:
            return Refused(RefusalReason.NO_QUOTE, str(error))
        self._quoting.set_shape(shape)
        self._placing.policy = replace(
            self._requote,
            hold_ns=int(params.requote_hold_s * NS_PER_S),
            tolerance=params.requote_tolerance,
        )
        self.params = params
        return Done()
