"""How a quote is shaped beyond the model: widening, floors, caps, levels and sizes."""

from dataclasses import dataclass

from quoter.domain.errors import InvalidInput

LEVELS_MAX = 10
# name: (least, greatest) value, both allowed. spread_max_bps stays below 20 000, where a bid would
# be at zero; nu0 below 1, where widening would begin only at the limit itself.
BOUNDS: dict[str, tuple[float, float]] = {
    "beta": (0.0, 4.0),
    "p": (1.0, 4.0),
    "nu0": (0.0, 0.95),
    "share": (0.0, 1.0),
    "w_cap": (0.0, 10.0),
    "spread_min_bps": (0.0, 10_000.0),
    "spread_max_bps": (0.0, 19_000.0),
    "d_stale": (0.0, 1e15),
    "eta": (0.0, 10.0),
    "levels": (1, LEVELS_MAX),
    "growth": (0.0, 10.0),
    "unwind_growth": (0.0, 4.0),
    "level_step_bps": (0.0, 1_000.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteShape:
    """Every knob of a quote that is not the market's; BOUNDS has the least and greatest values.

    Outside its bounds a value raises InvalidInput with its name.
    """

    beta: float = 1.0  # widening of the exposed side at the limit, in half-spreads
    p: float = 2.0  # how late it sets in: the power of |inventory|/limit
    nu0: float = 0.0  # share of the limit below which nothing is widened
    share: float = 0.0  # of it the unwinding side gets; above 0 quotes may not be monotone
    w_cap: float = 4.0  # greatest widening, in half-spreads
    spread_min_bps: float = 0.0  # exposed and flat sides stay half of this away from fair
    spread_max_bps: float = 500.0  # a side farther than half of this from fair is not quoted
    d_stale: float = 0.0  # price: least distance of exposed and flat sides outside calm regimes
    eta: float = 1.0  # exposed sizes shrink by exp(-eta * |inventory|/limit)
    levels: int = 1  # orders per side
    growth: float = 0.0  # size of level j is 1 + growth * j order sizes
    unwind_growth: float = 0.0  # unwinding sizes grow by this share of |inventory|/limit
    level_step_bps: float = 0.0  # least distance of two levels; never under a slope or a tick

    def __post_init__(self) -> None:
        for name, (least, greatest) in BOUNDS.items():
            value = getattr(self, name)
            if not (least <= value <= greatest):
                raise InvalidInput(name, value)
        if not (self.spread_min_bps <= self.spread_max_bps):
            raise InvalidInput("spread_min_bps", self.spread_min_bps)
