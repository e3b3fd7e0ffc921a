"""The wanted quote, and every term of its calculation."""

from decimal import Decimal
from typing import NamedTuple

from quoter.domain.market import Side
from quoter.domain.trading import NoQuote


class Quote(NamedTuple):
    """One wanted order: a price on the grid and a size, both exact."""

    side: Side
    ticks: int
    price: Decimal
    size: Decimal


class Clamp(NamedTuple):
    """A bound that changed a number, with the number before and after it."""

    name: str
    before: float
    after: float


class SideOff(NamedTuple):
    """A side that is not quoted, and the reason."""

    side: Side
    reason: NoQuote


class PricingInputs(NamedTuple):
    """All inputs of a quote; floats, sizes in base units (deploy/docs/strategy.md).

    fair: quote/base. sigma: quote/base/sqrt(s). kappa (k in the papers): 1/price. intensity (A):
    fills/s per side at distance 0. gamma_lot: 1/price. lots: inventory minus target in order sizes.
    lots_max: the limit in order sizes. cost_*: price, added to the distance of a side. tau_s:
    seconds, None for the stationary (GLFT) slope.

    A field with a default has no effect at that value. multiplier: >= 1. alpha: price, predicted
    move of fair value. markout_cost_*: price, >= 0, mean loss of our fills on a side soon after
    them. fill_factor: factor on the intensity, from our own fills. bounded: table of the exact
    model (pricing/models/glft_exact.py), None for the closed form. tick: price, the grid that the
    quote will be rounded to, 0 for none.

    The market regime (risk/monitors/market_regime.py) sets the other fields. d_stale: price,
    minimum distance of a side that does not unwind. size_factor: in (0, 1], factor on every size.
    reduces_only: if True, a side that does not unwind is not quoted, and the other one keeps at
    least the distance d_unwind (price).
    """

    fair: float
    sigma: float
    kappa: float
    intensity: float
    gamma_lot: float
    lots: float
    lots_max: float
    cost_bid: float
    cost_ask: float
    tau_s: float | None
    multiplier: float = 1.0  # >= 1: from cold start and regime
    alpha: float = 0.0
    markout_cost_bid: float = 0.0
    markout_cost_ask: float = 0.0
    fill_factor: float = 1.0
    bounded: tuple[float, ...] | None = None
    tick: float = 0.0
    d_stale: float = 0.0
    size_factor: float = 1.0
    reduces_only: bool = False
    d_unwind: float = 0.0


class QuoteTerms(NamedTuple):
    """One quote with its terms: bid = fair - delta_bid, ask = fair + delta_ask, in quote/base.

    delta_bid = half_spread + boundary + skew + cost_bid + markout_cost_bid + widening_bid + extra +
    alpha_bid, then clamped; delta_ask has -skew. `extra` is the multiplier's part. A delta of
    `None` means that the side is not quoted.
    """

    inputs: PricingInputs
    slope: float  # displacement per lot
    base_half_spread: float  # c1 = ln(1+gamma/k)/gamma
    half_spread: float  # c1 + slope/2
    skew: float  # lots * slope: how far the reservation price is below fair value
    reservation_price: float  # fair - skew
    widening_bid: float
    widening_ask: float
    extra: float
    delta_bid: float | None
    delta_ask: float | None
    clamps: tuple[Clamp, ...]
    boundary: float = 0.0  # what the exact model adds to both sides at this inventory
    markout_cost_bid: float = 0.0  # from the inputs, after its bound
    markout_cost_ask: float = 0.0
    alpha_bid: float = 0.0  # distance added by the predicted move; negative: nearer
    alpha_ask: float = 0.0
    tick_bound: bool = False  # one tick is more than our half-spread, so rounding decides


class TwoSidedQuote(NamedTuple):
    """The orders wanted now; `off` has the reason for each side without orders."""

    bids: tuple[Quote, ...]
    asks: tuple[Quote, ...]
    off: tuple[SideOff, ...]
    terms: QuoteTerms | None  # None: no quote could be computed; `off` has the reason
