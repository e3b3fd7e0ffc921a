"""No simulated balance is ever below zero, and balances equal the recomputed truth."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S
from quoter.sim.exchange import Exchange
from quoter.sim.messages import MarketSpec, NewOrder, OrderKind, Refused, SelfTrade, TimeInForce

SPEC = MarketSpec(
    symbol="ABCUSD",
    base="ABC",
    quote="USD",
    tick=Decimal("0.1"),
    lot=Decimal("0.01"),
    size_min=Decimal("0.01"),
    size_max=Decimal(50),
    notional_min=Decimal(1),
    mid=Decimal(100),
    sigma=1.0,
    intensity=3.0,
    kappa=0.5,
    spread_ticks=4,
    depth_lots=50,
    partial_share=0.5,
    fee_maker=Decimal("0.00075"),
    fee_taker=Decimal("0.001"),
)
EMPTY = replace(SPEC, recorded=True)
OPENING = {"ABC": Decimal("3.5"), "USD": Decimal(700)}

orders = st.builds(
    NewOrder,
    symbol=st.just("ABCUSD"),
    client_id=st.sampled_from(["", "x", "y"]),
    side=st.sampled_from(Side),
    kind=st.sampled_from(OrderKind),
    price=st.integers(960, 1040).map(lambda ticks: ticks * Decimal("0.1")),
    size=st.integers(1, 400).map(lambda lots: lots * Decimal("0.01")),
    time_in_force=st.sampled_from(TimeInForce),
    self_trade=st.sampled_from(SelfTrade),
)
requests = st.tuples(st.sampled_from("ab"), st.one_of(orders, st.none()), st.integers(0, 3))


def play(exchange: Exchange, script: list[tuple[str, NewOrder | None, int]]) -> None:
    """Send one request after another; None cancels all; some seconds pass between."""
    now_ns = 0
    for account, order, seconds in script:
        now_ns += seconds * NS_PER_S
        try:
            if order is None:
                exchange.cancel_all(account, "ABCUSD", now_ns)
            else:
                exchange.place(account, order, now_ns)
        except Refused:
            pass
        check(exchange)
    exchange.advance(now_ns + 5 * NS_PER_S)
    check(exchange)


def check(exchange: Exchange) -> None:
    for account in "ab":
        held = exchange.balances(account)
        assert all(free >= 0 and locked >= 0 for free, locked in held.values())
        together = {asset: free + locked for asset, (free, locked) in held.items()}
        assert together == exchange.truth.balances(account)
        resting = exchange.open_orders(account)
        buys = sum((o.price * o.leaves for o in resting if o.side is Side.BUY), Decimal(0))
        sells = sum((o.leaves for o in resting if o.side is Side.SELL), Decimal(0))
        assert (held["USD"][1], held["ABC"][1]) == (buys, sells)
    book = exchange.depth("ABCUSD", 100)
    assert not (book.bids and book.asks) or book.bids[0][0] < book.asks[0][0]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(script=st.lists(requests, max_size=40), seed=st.integers(0, 1000))
def test_balances_never_go_below_zero_and_equal_the_recomputed_truth(
    script: list[tuple[str, NewOrder | None, int]], seed: int
) -> None:
    exchange = Exchange([SPEC], seed=seed, now_ns=0)
    for account in "ab":
        exchange.add_account(account, OPENING)
    play(exchange, script)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(script=st.lists(requests, max_size=40))
def test_loss_of_one_account_is_the_gain_of_the_other_except_fees(
    script: list[tuple[str, NewOrder | None, int]],
) -> None:
    """With two accounts only, nothing but fees leaves the market."""
    exchange = Exchange([EMPTY], seed=1, now_ns=0)
    for account in "ab":
        exchange.add_account(account, OPENING)
    play(exchange, script)
    fees = {"ABC": Decimal(0), "USD": Decimal(0)}
    for trade in exchange.truth.trades:
        fees[trade.fee_asset] += trade.fee
    for asset, opening in OPENING.items():
        total = sum((sum(exchange.balances(a)[asset]) for a in "ab"), Decimal(0))
        assert total == 2 * opening - fees[asset]
