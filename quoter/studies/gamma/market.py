"""Inventory of a maker on one symbol, on its real price grid, in small steps of time."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil, sqrt

import numpy as np

from quoter.pricing.quote.normalisation import References, gamma_lot
from quoter.pricing.quote.shape import QuoteShape
from quoter.sim.messages import MarketSpec
from quoter.studies.common.batches import Sample
from quoter.studies.common.chain import Stationary, birth_death, stationary
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.market import BARE
from quoter.studies.common.quotes import Maker, ladder_of, offsets

LOTS_MAX = 10
FILL_CHANCE = 0.02  # chance of a fill of one side of a flat maker in one step
WARM_RELAXATIONS, RELAXATIONS = 3, 10  # length of a path in relaxation times of inventory


@dataclass(frozen=True, kw_only=True)
class GammaMarket:
    """A symbol at one ghat (normalised gamma).

    - is_bare: no widening and one size, as the law assumes; otherwise the shape's defaults
    - fee: maker fee, a fraction
    - has_grid: prices are whole ticks and never cross the others' book
    """

    spec: MarketSpec
    ghat: float
    is_bare: bool
    fee: float = 0.0
    has_grid: bool = True

    @cached_property
    def maker(self) -> Maker:
        """The maker; gamma is solved for the fee as well, as at the daemon's start."""
        spec = self.spec
        references = References(
            sigma=spec.sigma, kappa=spec.kappa, intensity=spec.intensity, cost=self.cost
        )
        return Maker(
            kappa=spec.kappa,
            intensity=spec.intensity,
            gamma_lot=gamma_lot(ghat=self.ghat, lots_max=LOTS_MAX, references=references),
            lots_max=float(LOTS_MAX),
            shape=BARE if self.is_bare else QuoteShape(spread_max_bps=BARE.spread_max_bps),
        )

    @property
    def cost(self) -> float:
        """The fee of one fill, in price."""
        return self.fee * float(self.spec.mid)

    @cached_property
    def exact(self) -> Stationary:
        """Exact figures of the chain of whole lots, without grid, fee and size shape."""
        ladder = ladder_of(self.maker, fair=float(self.spec.mid), sigma=self.spec.sigma)
        lots = np.arange(-LOTS_MAX, LOTS_MAX + 1, dtype=np.float64)
        chain = birth_death(
            lots, ladder.bid, ladder.ask, kappa=self.spec.kappa, intensity=self.spec.intensity
        )
        return stationary(chain, sigma=self.spec.sigma, gamma=self.maker.gamma_lot)

    @property
    def half_spread(self) -> float:
        """Half-spread at zero inventory without costs, price."""
        maker, spec = self.maker, self.spec
        flat = offsets(maker, fair=float(spec.mid), sigma=spec.sigma, lots=np.zeros(1))
        return float(flat.half)

    @property
    def is_tick_bound(self) -> bool:
        """Whether a tick is more than our half-spread, as in `QuoteTerms.tick_bound`."""
        return float(self.spec.tick) > self.half_spread

    @property
    def has_large_tick(self) -> bool:
        """Whether the book of others is one tick wide, so that no quote fits inside it."""
        return self.spec.spread_ticks == 1

    def simulate(self, rng: np.random.Generator, paths: int) -> Sample:
        """Return per path: mean square of inventory over time, and share of time at the limit.

        Paths start from the stationary law of the bare chain, which shortens the warm-up.
        """
        spec = self.spec
        flat = offsets(
            self.maker, fair=float(spec.mid), sigma=spec.sigma, lots=np.zeros(1),
            cost_bid=self.cost, cost_ask=self.cost,
        )  # fmt: skip
        rate = spec.intensity * float(np.exp(-spec.kappa * flat.bid[0]))
        step_s = FILL_CHANCE / rate
        relaxation = ceil(0.5 / (FILL_CHANCE * float(flat.slope) * spec.kappa))  # in steps
        mid = np.full(paths, float(spec.mid))
        whole = np.arange(-LOTS_MAX, LOTS_MAX + 1, dtype=np.float64)
        lots: Numbers = rng.choice(whole, paths, p=self.exact.law)
        square, at_limit = np.zeros(paths), np.zeros(paths)
        jump, counted = spec.sigma * sqrt(step_s), RELAXATIONS * relaxation
        for step in range(WARM_RELAXATIONS * relaxation + counted):
            bid, ask = self._distances(mid, lots)
            bought = rng.random(paths) < self._chance(bid, step_s)
            sold = rng.random(paths) < self._chance(ask, step_s)
            lots = lots + bought * self._size(lots) - sold * self._size(-lots)
            mid = np.abs(mid + jump * rng.standard_normal(paths))
            if step >= WARM_RELAXATIONS * relaxation:
                square += lots**2
                at_limit += np.abs(lots) >= LOTS_MAX - 1e-9
        return {"square_lots": square / counted, "at_limit": at_limit / counted}

    def _distances(self, mid: Numbers, lots: Numbers) -> tuple[Numbers, Numbers]:
        """Return distances from the mid, price; rounded outward, never crossing the book."""
        spec = self.spec
        wanted = offsets(
            self.maker, fair=float(spec.mid), sigma=spec.sigma, lots=lots,
            cost_bid=self.cost, cost_ask=self.cost,
        )  # fmt: skip
        if not self.has_grid:
            return wanted.bid, wanted.ask
        tick = float(spec.tick)
        ticks = mid / tick
        best_bid = np.floor(ticks - spec.spread_ticks / 2.0 + 0.5)
        best_ask = best_bid + spec.spread_ticks
        bid = np.minimum(np.floor(ticks - wanted.bid / tick), best_ask - 1.0)
        ask = np.maximum(np.ceil(ticks + wanted.ask / tick), best_bid + 1.0)
        return (ticks - bid) * tick, (ask - ticks) * tick

    def _chance(self, distance: Numbers, step_s: float) -> Numbers:
        """Return the chance of a fill in one step.

        A quote beyond the mid has that of a quote at the mid.
        """
        rate = self.spec.intensity * np.exp(-self.spec.kappa * np.maximum(distance, 0.0))
        return np.asarray(-np.expm1(-rate * step_s))

    def _size(self, lots_towards: Numbers) -> Numbers:
        """Return the order size, lots, within the limit.

        `lots_towards` > 0: a fill adds to inventory.
        """
        exposed = np.maximum(lots_towards, 0.0) / LOTS_MAX
        shaped = np.exp(-self.maker.shape.eta * exposed)
        headroom = np.maximum(LOTS_MAX - lots_towards, 0.0)
        return np.minimum(np.where(lots_towards > 0.0, shaped, 1.0), headroom)
