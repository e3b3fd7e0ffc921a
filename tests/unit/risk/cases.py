"""A calm market to check intents in: inventory 2 of 10, book 99.5 / 100.5."""

from copy import replace
from decimal import Decimal

from quoter.domain.commands import OrderIntent, TimeInForce
from quoter.domain.market import Side
from quoter.domain.trading import Phase, TradingState
from quoter.risk.view import Limits, RiskView

LOT = Decimal("0.01")
LIMITS = Limits(
    inventory_max=Decimal(10),
    size_max=Decimal(5),
    notional_max=Decimal(400),
    price_collar=Decimal("0.02"),
    loss_max=Decimal(50),
    drawdown_max=Decimal(50),
    book_spread_max=Decimal("0.05"),
)
CALM = RiskView(
    ts_ns=1_700_000_000_000_000_000,
    phase=Phase.LIVE,
    state=TradingState.RUNNING,
    book_ready=True,
    is_fresh=True,
    book_seq=7,
    best_bid=Decimal("99.5"),
    best_ask=Decimal("100.5"),
    depth_bid=Decimal(20),
    depth_ask=Decimal(20),
    reference_low=Decimal(100),
    reference_high=Decimal(100),
    own_bid=None,
    own_ask=None,
    duplicate_ns=None,
    inventory=Decimal(2),
    leaves_buy=Decimal(3),
    leaves_sell=Decimal(1),
    is_spot=True,
    base_held=Decimal(50),
    quote_held=Decimal(10_000),
    notional_buy=Decimal(300),
)
# Numbers that no amount can be.
NOT_NUMBERS = [Decimal(text) for text in ("NaN", "sNaN", "Infinity", "-Infinity")]


def view(**changes: object) -> RiskView:
    return replace(CALM, **changes)  # type: ignore[arg-type]  # replace() is not typed by field


def limits(**changes: Decimal) -> Limits:
    return replace(LIMITS, **changes)


def intent(
    side: Side = Side.BUY,
    size: Decimal | str = "1",
    price: Decimal | str | None = None,
    *,
    time_in_force: TimeInForce = TimeInForce.POST_ONLY,
) -> OrderIntent:
    """One base unit at the best price of its side."""
    best = CALM.best_bid if side is Side.BUY else CALM.best_ask
    return OrderIntent(
        client_id="q1",
        side=side,
        price=best if price is None else Decimal(price),
        size=Decimal(size),
        book_seq=CALM.book_seq,
        time_in_force=time_in_force,
    )
