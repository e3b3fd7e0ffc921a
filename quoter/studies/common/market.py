"""Market that several studies share: a liquid coin with a volatility of 1 bp per sqrt(second).

Prices are in percent of the first price: 0.01 is a basis point. One lot is one unit of base.
"""

from quoter.pricing.quote.shape import QuoteShape
from quoter.studies.common.quotes import Maker

FAIR = 100.0
BP = 0.01
SIGMA = 0.01  # 1 bp per sqrt(second)
KAPPA = 20.0  # 1/kappa is 5 bp
INTENSITY = 0.5  # takers per second and side
GAMMA_KAPPA = 0.1  # risk aversion per lot in units of kappa
LOTS_MAX = 10

# the model without widening, size skew or a bound on the effective spread
BARE = QuoteShape(beta=0.0, eta=0.0, spread_max_bps=19_000.0)


def study_maker(
    *, lots_max: float = LOTS_MAX, gamma_kappa: float = GAMMA_KAPPA, shape: QuoteShape = BARE
) -> Maker:
    """Return the maker of the studies on this market."""
    return Maker(
        kappa=KAPPA,
        intensity=INTENSITY,
        gamma_lot=gamma_kappa * KAPPA,
        lots_max=float(lots_max),
        shape=shape,
    )
