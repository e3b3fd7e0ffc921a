"""Shape parameters of a quote beyond the model: widening, floors, caps, levels and sizes."""

from dataclasses import dataclass, field

from quoter.domain.errors import InvalidInput

LEVELS_MAX = 10
# name: (smallest, largest) value, both allowed. At a spread_max_bps of 20,000 a bid could be zero;
# at a nu0 of 1 widening would start at the limit itself.
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
    """Parameters of a quote that do not depend on the market; BOUNDS has their ranges.

    A value outside its range raises InvalidInput with its name.
    """

    beta: float = 1.0  # widening of the exposed side at the limit, in half-spreads
    p: float = 2.0  # power of |inventory|/limit in the widening
    nu0: float = 0.0  # fraction of the limit below which nothing is widened
    share: float = 0.0  # the unwinding side's fraction of the widening; above 0 not monotone
    w_cap: float = 4.0  # maximum widening, in half-spreads
    spread_min_bps: float = 0.0  # exposed and flat sides stay half of this away from fair
    spread_max_bps: float = 500.0  # a side farther than half of this from fair is not quoted
    d_stale: float = 0.0  # price: minimum distance of exposed and flat sides, 0 for none
    eta: float = 1.0  # exposed sizes shrink by exp(-eta * |inventory|/limit)
    levels: int = 1  # orders per side
    growth: float = 0.0  # size of level j is 1 + growth * j order sizes
    unwind_growth: float = 0.0  # unwinding sizes grow by this times |inventory|/limit
    level_step_bps: float = 0.0  # minimum distance between levels; at least a slope and a tick
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, (smallest, largest) in BOUNDS.items():
            value = getattr(self, name)
            if not (smallest <= value <= largest):
                raise InvalidInput(name, value)
        if not (self.spread_min_bps <= self.spread_max_bps):
            raise InvalidInput("spread_min_bps", self.spread_min_bps)
        # Computed once: every quote looks up its levels by shape.
        figures = tuple(getattr(self, name) for name in BOUNDS)
        object.__setattr__(self, "_hash", hash(figures))

    def __hash__(self) -> int:
        return self._hash
