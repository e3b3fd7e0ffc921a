"""The truth ledger keeps the newest executions and the exact sums of all."""

from decimal import Decimal

from quoter.domain.market import Side
from quoter.sim.messages import SimTrade
from quoter.sim.truth import TRADES_MAX, TruthLedger

OPENING = {"BTC": Decimal(5), "USDT": Decimal("1000000.01")}
MORE = 7


def trade(number: int) -> SimTrade:
    """Return a trade: a and b in turns, each buys twice and then sells twice."""
    is_buy = number % 4 < 2
    return SimTrade(
        trade_id=number,
        ts_ns=number,
        account="ab"[number % 2],
        symbol="BTCUSDT",
        order_id=number,
        client_id=f"q{number}",
        side=Side.BUY if is_buy else Side.SELL,
        price=Decimal(60_000) + Decimal(number) / 100,
        size=Decimal("0.00001"),
        fee=Decimal("0.00000001") if is_buy else Decimal("0.0006"),
        fee_asset="BTC" if is_buy else "USDT",
        is_maker=True,
    )


def test_old_executions_are_removed_and_still_count() -> None:
    ledger = TruthLedger({"BTCUSDT": ("BTC", "USDT")})
    for account in "ab":
        ledger.open(account, OPENING)
    held, total = {account: dict(OPENING) for account in "ab"}, TRADES_MAX + MORE
    for number in range(1, total + 1):
        one = trade(number)
        ledger.record(one)
        sums, sign = held[one.account], one.side.sign
        sums["BTC"] += sign * one.size
        sums["USDT"] -= sign * one.size * one.price
        sums[one.fee_asset] -= one.fee
    assert {account: ledger.balances(account) for account in "ab"} == held
    assert ledger.opening("a") == OPENING
    assert ledger.count == total
    first = TRADES_MAX // 2 + 1
    assert [one.trade_id for one in ledger.trades] == list(range(first, total + 1))
    own = ledger.trades_of("b", "BTCUSDT", from_id=1, limit=2)
    assert [one.trade_id for one in own] == [first, first + 2]
    assert ledger.trades_of("a", "BTCUSDT", limit=1)[0].trade_id == total - 1
