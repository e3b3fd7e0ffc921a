"""Live parameters: settings that may change while the daemon runs. Limits are not among them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParams:
    """The live parameters in force. Names, units and bounds are those of the settings."""

    gamma: float  # no unit, or 1/quote if the settings say so
    widening_beta: float  # half-spreads
    widening_power: float
    size_eta: float
    spread_min_bps: float  # bps of price
    adverse_bps: float  # bps of price
    alpha_max: float  # half-spreads
    markout_cost_max: float  # half-spreads
    side_cooldown_s: float  # seconds
    requote_hold_s: float  # seconds
    requote_tolerance: float  # half-spreads
