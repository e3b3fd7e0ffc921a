"""The order book as a table: order of the rows, own orders, and the format of prices."""

import io
from copy import replace
from decimal import Decimal

import pytest
from rich.console import Console

from quoter.domain.market import Level, Side
from quoter.domain.step import Snapshot
from quoter.service.terminal.order_book_table import (
    LEVELS_SHOWN,
    order_book_table,
    price_text,
    signed_text,
)
from tests.unit.telemetry.samples import empty, order, snapshot


def rows(shown: Snapshot) -> list[str]:
    """Return the lines of the table without the space between the columns."""
    console = Console(file=io.StringIO(), width=80, color_system=None)
    with console.capture() as capture:
        console.print(order_book_table(shown))
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_asks_stand_above_the_mid_and_bids_below_it() -> None:
    assert rows(snapshot()) == [
        "60006.50 ◀ our sell 0.005",
        "2.5 60000.50",
        "0.7 60000.01",
        "mid 60000.00",
        "1.5 59999.99",
        "2 59999.50",
        "59993.04 ◀ our buy 0.005",
    ]


def test_an_own_order_on_a_level_of_others_shares_its_row() -> None:
    shown = rows(snapshot(orders=(order(Side.SELL, "60000.50"),)))
    assert "2.5 60000.50 ◀ our sell 0.005" in shown


def test_own_orders_at_one_price_are_one_row_with_the_open_size() -> None:
    """The filled part of an order is not counted."""
    one, two = order(Side.BUY, "59993.04"), order(Side.BUY, "59993.04")
    shown = rows(snapshot(orders=(one, two.__replace__(filled=Decimal("0.002")))))
    assert shown[-1] == "59993.04 ◀ our buy 0.008"


def test_only_the_nearest_levels_are_shown() -> None:
    asks = tuple(Level(60_000.0 + number, 1.0) for number in range(1, 10))
    shown = rows(snapshot(orders=(), bids=(), asks=asks))
    assert len(shown) == LEVELS_SHOWN + 1
    assert shown[0] == f"1 {60_000 + LEVELS_SHOWN}.00"
    assert shown[LEVELS_SHOWN - 1] == "1 60001.00"


def test_without_a_book_only_the_mid_is_shown_as_unknown() -> None:
    assert rows(empty()) == ["mid -"]


@pytest.mark.parametrize(
    ("own_price", "text"), [("59993.0400", "60000.1000"), ("60000", "60000"), ("6E+4", "60000")]
)
def test_prices_have_the_decimals_of_our_orders(own_price: str, text: str) -> None:
    assert price_text(60_000.1, snapshot(orders=(order(Side.BUY, own_price),))) == text


def test_without_own_orders_prices_have_the_decimals_of_the_quote() -> None:
    """In a dry run there are no orders: the price of a cheap coin was shown as 0.00."""
    quote = snapshot().quote
    assert quote is not None
    bids = tuple(bid._replace(price=Decimal("0.00001234")) for bid in quote.bids)
    assert price_text(0.00001235, snapshot(orders=(), quote=replace(quote, bids=bids))) == (
        "0.00001235"
    )


def test_prices_have_two_decimals_before_there_is_a_quote() -> None:
    assert price_text(60_000.123, snapshot(orders=(), quote=None)) == "60000.12"
    assert price_text(None, snapshot()) == "-"


@pytest.mark.parametrize(
    ("amount", "text"), [("0.5200", "+0.52"), ("-3", "-3"), ("0E-8", "+0"), ("2E+2", "+200")]
)
def test_amounts_have_a_sign_and_no_trailing_zeros(amount: str, text: str) -> None:
    assert signed_text(Decimal(amount)) == text
