"""Sides and their signs."""

from quoter.domain.market import Side


def test_a_buy_adds_and_a_sell_takes_away() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)
