"""Markets and inputs shared by pricing tests."""

from copy import replace
from decimal import Decimal

from quoter.domain.quotes import PricingInputs
from quoter.pricing.quote.shape import QuoteShape
from tests.instruments import BTC_USDT

# The market of Avellaneda & Stoikov 2008; without shape or costs.
PAPER = PricingInputs(
    fair=100.0,
    sigma=2.0,
    kappa=1.5,
    intensity=140.0,
    gamma_lot=0.1,
    lots=0.0,
    lots_max=10.0,
    cost_bid=0.0,
    cost_ask=0.0,
    tau_s=None,
)
PLAIN = QuoteShape(beta=0.0, eta=0.0, spread_max_bps=19_000.0)
WIDENED = QuoteShape(spread_max_bps=19_000.0)
BTC = replace(BTC_USDT, fee_maker=Decimal("0.001"))


def paper(**changes: float | None) -> PricingInputs:
    """Return the papers' market with some numbers changed."""
    return replace(PAPER, **changes)  # type: ignore[arg-type]  # replace() is not typed by field
