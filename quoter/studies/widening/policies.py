"""Policies of widening on the market of Avellaneda & Stoikov, with reference figures."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quoter.pricing.models.glft_exact import chain_ratio, log_ratios
from quoter.pricing.quote.shape import QuoteShape
from quoter.studies.common.batches import Sample
from quoter.studies.common.chain import Chain, birth_death, walk
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.quotes import OFF, Maker, ladder_of, skew_per_lot

FAIR, SIGMA, KAPPA, INTENSITY, LOTS_MAX = 100.0, 2.0, 1.5, 140.0, 10
GAMMA = 0.0667 * KAPPA
WARM_S, SECONDS = 1.5, 20.0


class Reference(NamedTuple):
    """Reference figures, computed independently; passage_s to 4 decimals, the others to 3."""

    mean: float
    sd: float
    certainty: float
    sd_lots: float
    passage_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A way to quote, by its skew and its widening.

    - skew: multiple of the model's skew
    - beta: half-spreads by which the exposed side is farther out at the inventory limit
    - share: the other side is farther out by share * beta
    """

    name: str
    reference: Reference
    beta: float = 0.0
    share: float = 0.0
    skew: float = 1.0
    is_exact_bounded: bool = False

    def distances(self) -> tuple[Numbers, Numbers]:
        """Return both distances at -LOTS_MAX..LOTS_MAX lots, price; no floor is reached here."""
        maker = paper_maker(self.beta, self.share)
        lots = np.arange(-LOTS_MAX, LOTS_MAX + 1, dtype=np.float64)
        if self.is_exact_bounded:
            return _bounded_optimum(maker)
        ladder = ladder_of(maker, fair=FAIR, sigma=SIGMA)
        less = (1.0 - self.skew) * lots * skew_per_lot(maker, sigma=SIGMA)
        return ladder.bid - less, ladder.ask + less

    def chain(self) -> Chain:
        """Return the chain of inventory under these quotes."""
        bid, ask = self.distances()
        lots = np.arange(-LOTS_MAX, LOTS_MAX + 1, dtype=np.float64)
        return birth_death(lots, bid, ask, kappa=KAPPA, intensity=INTENSITY)

    def simulate(self, rng: np.random.Generator, paths: int) -> Sample:
        """Return per path: profit per second and the mean square of inventory."""
        lived = walk(
            self.chain(), sigma=SIGMA, warm_s=WARM_S, seconds=SECONDS, rng=rng, paths=paths
        )
        return {"profit": lived["profit"] / SECONDS, "square_lots": lived["square_lots"]}


SKEW_ONLY = Policy(name="skew only", reference=Reference(67.314, 8.343, 63.898, 2.538, 0.1685))
EXPOSED = Policy(
    name="exposed 1", reference=Reference(67.075, 8.154, 63.817, 2.341, 0.1498), beta=1.0
)
BOTH = Policy(
    name="both 1", reference=Reference(67.166, 8.739, 63.368, 2.719, 0.2312), beta=1.0, share=1.0
)
POLICIES = (
    SKEW_ONLY,
    Policy(name="exposed 0.5", reference=Reference(67.200, 8.236, 63.874, 2.428, 0.1578), beta=0.5),
    EXPOSED,
    Policy(name="exposed 2", reference=Reference(66.822, 8.032, 63.660, 2.210, 0.1385), beta=2.0),
    Policy(
        name="both 0.5",
        reference=Reference(67.358, 8.540, 63.772, 2.624, 0.1961),
        beta=0.5,
        share=1.0,
    ),
    BOTH,
    Policy(
        name="80/20 1",
        reference=Reference(67.144, 8.270, 63.790, 2.414, 0.1645),
        beta=1.0,
        share=0.25,
    ),
    Policy(
        name="exact bounded optimum",
        reference=Reference(67.296, 8.322, 63.898, 2.520, 0.1661),
        is_exact_bounded=True,
    ),
    Policy(
        name="half the skew", reference=Reference(67.876, 9.731, 63.069, 3.532, 0.2910), skew=0.5
    ),
    Policy(
        name="half the skew, exposed 1",
        reference=Reference(67.587, 9.016, 63.558, 2.965, 0.2259),
        skew=0.5,
        beta=1.0,
    ),
    Policy(name="no skew", reference=Reference(65.399, 14.276, 52.445, 6.055, 0.8211), skew=0.0),
    Policy(
        name="no skew, exposed 1",
        reference=Reference(67.497, 11.051, 60.941, 4.274, 0.4264),
        skew=0.0,
        beta=1.0,
    ),
    Policy(
        name="no skew, exposed 2",
        reference=Reference(67.152, 9.904, 62.137, 3.490, 0.3122),
        skew=0.0,
        beta=2.0,
    ),
    Policy(
        name="no skew, both 1",
        reference=Reference(56.997, 18.748, 32.909, 6.949, 1.51),
        skew=0.0,
        beta=1.0,
        share=1.0,
    ),
)  # fmt: skip
SIMULATED = (SKEW_ONLY, EXPOSED, BOTH)


def paper_maker(beta: float, share: float) -> Maker:
    """Return our maker on the paper's market with this widening (as in QuoteShape)."""
    shape = QuoteShape(beta=beta, share=share, eta=0.0, spread_max_bps=19_000.0)
    return Maker(
        kappa=KAPPA,
        intensity=INTENSITY,
        gamma_lot=GAMMA,
        lots_max=float(LOTS_MAX),
        shape=shape,
    )


def _bounded_optimum(maker: Maker) -> tuple[Numbers, Numbers]:
    ratios = np.array(
        log_ratios(
            rho=chain_ratio(gamma=GAMMA, sigma=SIGMA, kappa=KAPPA, intensity=INTENSITY),
            lots_max=LOTS_MAX,
        )
    )
    bid = maker.base_half_spread + np.append(ratios, OFF) / KAPPA
    return bid, bid[::-1]
