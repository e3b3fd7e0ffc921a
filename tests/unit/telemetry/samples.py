"""Example snapshots and steps; each call returns a new one, and any field can be replaced."""

from copy import replace
from decimal import Decimal

from quoter.domain.estimates import Edge, Estimates
from quoter.domain.events import Fill, Tick
from quoter.domain.market import Level, Side
from quoter.domain.orders import OrderState, OrderView
from quoter.domain.params import LiveParams
from quoter.domain.quotes import Clamp, PricingInputs, Quote, QuoteTerms, SideOff, TwoSidedQuote
from quoter.domain.step import (
    Booked,
    MarkoutPnl,
    OrderChange,
    Pnl,
    RegimeView,
    SidePnl,
    Snapshot,
    Step,
)
from quoter.domain.trading import Cause, NoQuote, Phase, TradingState

NOW_NS = 1_700_000_000_000_000_000
FILL = Fill(
    ts_ns=NOW_NS,
    trade_id="77",
    client_id="q0a1",
    venue_id="9",
    side=Side.BUY,
    price=Decimal("59990.00"),
    size=Decimal("0.005"),
    fee=Decimal("0.03"),
    fee_asset="USDT",
    is_maker=True,
)
TERMS = QuoteTerms(
    inputs=PricingInputs(
        fair=60_000.0,
        sigma=6.0,
        kappa=0.2,
        intensity=0.5,
        gamma_lot=1e-4,
        lots=2.0,
        lots_max=10.0,
        cost_bid=0.5,
        cost_ask=0.5,
        tau_s=None,
    ),
    slope=0.5,
    base_half_spread=5.0,
    half_spread=5.25,
    skew=1.0,
    reservation_price=59_999.0,
    widening_bid=0.21,
    widening_ask=0.0,
    extra=0.0,
    delta_bid=6.96,
    delta_ask=None,
    clamps=(Clamp(name="ask_side_limit", before=10.0, after=10.0),),
)
PARAMS = LiveParams(
    gamma=1.0,
    widening_beta=1.0,
    widening_power=2.0,
    size_eta=1.0,
    spread_min_bps=0.0,
    adverse_bps=0.0,
    alpha_max=2.0,
    markout_cost_max=2.0,
    side_cooldown_s=5.0,
    requote_hold_s=1.0,
    requote_tolerance=0.1,
)
QUOTE = TwoSidedQuote(
    bids=(Quote(side=Side.BUY, ticks=5_999_304, price=Decimal("59993.04"), size=Decimal("0.005")),),
    asks=(),
    off=(SideOff(side=Side.SELL, reason=NoQuote.SIDE_LIMIT),),
    terms=TERMS,
)
PNL = Pnl(
    total=Decimal("0.52"),
    spread=Decimal("0.60"),
    inventory=Decimal("-0.05"),
    fees=Decimal("0.03"),
    funding=Decimal(0),
    held=Decimal("0.01"),
    sides={
        Side.BUY: SidePnl(
            notional=Decimal(840),
            spread=Decimal("0.60"),
            fees=Decimal("0.03"),
            horizons={
                1: MarkoutPnl(markout=Decimal("-0.09"), residual=Decimal("0.03")),
                5: MarkoutPnl(markout=Decimal("-0.18"), residual=Decimal("0.12")),
            },
        ),
        Side.SELL: SidePnl(
            notional=Decimal(0),
            spread=Decimal(0),
            fees=Decimal(0),
            horizons={
                1: MarkoutPnl(markout=Decimal(0), residual=Decimal(0)),
                5: MarkoutPnl(markout=Decimal(0), residual=Decimal(0)),
            },
        ),
    },
)


ESTIMATES = Estimates(
    sigma_slow=2.5,
    sigma_fast=3.5,
    noise_ratio=1.1,
    sigma_ratio=0.95,
    gamma_ratio=1.05,
    confidence="ok",
    samples=240.0,
    error=0.06,
    fill_factor=0.9,
    flow=1.5,
    alpha=0.25,
    vpin=0.3,
    markouts_bps={(Side.BUY, 5.0): -0.4, (Side.SELL, 5.0): 0.1},
    edges={5.0: (Edge(1.0, -0.5, 0.2, 60.0),)},
    has_no_edge=True,
    cooling_down=(Side.BUY,),
)


def order(side: Side, price: str, *, state: OrderState = OrderState.OPEN) -> OrderView:
    return OrderView(
        client_id=f"q0{side.lower()}",
        venue_id="12",
        side=side,
        price=Decimal(price),
        size=Decimal("0.005"),
        filled=Decimal(0),
        state=state,
        created_ns=NOW_NS,
    )


def snapshot(**changes: object) -> Snapshot:
    usual = Snapshot(
        ts_ns=NOW_NS,
        seq=42,
        phase=Phase.LIVE,
        trading_state=TradingState.RUNNING,
        causes={},
        book_ready=True,
        book_ts_ns=NOW_NS - 250_000_000,
        bids=(Level(59_999.99, 1.5), Level(59_999.5, 2.0)),
        asks=(Level(60_000.01, 0.7), Level(60_000.5, 2.5)),
        mid=60_000.0,
        quote=QUOTE,
        params=PARAMS,
        estimates=ESTIMATES,
        orders=(order(Side.BUY, "59993.04"), order(Side.SELL, "60006.50")),
        position=Decimal("1.01"),
        target=Decimal(1),
        inventory=Decimal("0.010"),
        inventory_max=Decimal("0.05"),
        exposure_buy=Decimal("0.015"),
        exposure_sell=Decimal("0.005"),
        balances={"BTC": Decimal("1.01"), "USDT": Decimal("9400.02")},
        pnl=PNL,
        drawdown=Decimal("1.25"),
        regime=RegimeView(sigma_usual=3.0, sigma_now=2.5),
        fees_paid={"USDT": Decimal("0.03")},
        fills_buy=3,
        fills_sell=1,
        counts={"side_limit": 7},
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def paused() -> Snapshot:
    return snapshot(
        trading_state=TradingState.PAUSED, causes={Cause.BOOK_STALE: "no frame for 2.1 s"}
    )


def empty() -> Snapshot:
    """Return the snapshot of an engine that has just started and knows nothing yet."""
    return snapshot(
        phase=Phase.STARTING,
        book_ready=False,
        book_ts_ns=0,
        bids=(),
        asks=(),
        mid=None,
        quote=None,
        orders=(),
        fees_paid={},
    )


def step(**changes: object) -> Step:
    return Step(seq=1, event=Tick(ts_ns=NOW_NS))._replace(**changes)  # type: ignore[arg-type]


def filled_step() -> Step:
    return step(
        event=FILL,
        orders=(
            OrderChange(
                client_id="q0a1", before=OrderState.OPEN, after=OrderState.FILLED, text="filled"
            ),
        ),
        booked=(Booked(fill=FILL, inventory=Decimal("0.010"), fair=60_000.0),),
    )
