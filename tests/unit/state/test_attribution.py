"""Where profit comes from: exact at every instant."""

from decimal import Decimal
from random import Random

import pytest

from quoter.domain.events import Fill
from quoter.domain.step import Pnl
from quoter.state.attribution import Attribution
from tests.unit.state.cases import ABC, BUY, SELL, exact, fill

ZERO = Decimal(0)


def attribution(position: str = "0", cash: str = "0") -> Attribution:
    return Attribution(ABC, position=Decimal(position), cash=Decimal(cash))


def parts(pnl: Pnl) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return pnl.total, pnl.spread, pnl.inventory, pnl.fees


def test_the_golden_example_comes_out_to_the_digit() -> None:
    """quant.md section 9; its split of the inventory part by markouts is a later report's."""
    book = attribution(cash="1000")
    book.mark(Decimal("100.00"))
    book.fill(fill("1", BUY, "2", "99.95", fee=".03998"), Decimal("100.00"))
    book.mark(Decimal("99.90"))
    book.mark(Decimal("99.80"))
    book.fill(fill("2", SELL, "1", "99.90", fee=".01998"), Decimal("99.82"))
    book.mark(Decimal("99.70"))
    assert parts(book.pnl(None)) == tuple(map(Decimal, ("-0.35996", "0.18", "-0.48", "0.05996")))


def test_before_anything_is_known_there_is_no_profit() -> None:
    assert parts(attribution("3").pnl(None)) == (ZERO, ZERO, ZERO, ZERO)


def test_a_fill_before_any_mark_is_marked_at_its_own_price() -> None:
    book = attribution()
    book.fill(fill("1", BUY, "2", "99.5"), None)
    assert parts(book.pnl(None)) == (ZERO, ZERO, ZERO, ZERO)
    assert book.pnl(100.0).total == 1


def test_without_a_mid_the_last_mark_counts() -> None:
    book = attribution()
    book.mark(Decimal(100))
    book.fill(fill("1", SELL, "1", "100.5"), None)
    assert book.pnl(None).spread == Decimal("0.5")


def test_an_opening_position_only_earns_what_the_mid_moves() -> None:
    book = attribution("-4")
    book.mark(Decimal(100))
    assert parts(book.pnl(101.0)) == exact(-4, 0, -4, 0)


@pytest.mark.parametrize(
    ("asset", "fees", "total"),
    [("USD", "0.5", "-0.5"), ("ABC", "50", "-50"), ("BNB", "0", "0")],
)
def test_fees_in_base_are_valued_at_the_mark_and_third_coins_are_shown_elsewhere(
    asset: str, fees: str, total: str
) -> None:
    book = attribution()
    book.fill(fill("1", BUY, "2", "100", fee="0.5", fee_asset=asset), Decimal(100))
    pnl = book.pnl(None)
    assert (pnl.fees, pnl.total) == (Decimal(fees), Decimal(total))


def test_the_mark_lies_on_the_half_tick_grid() -> None:
    book = attribution()
    assert book.mark_of(100.05) == Decimal("100.05")
    assert book.mark_of(100.0512) == Decimal("100.05")
    assert book.mark_of(0.1 + 0.2) == Decimal("0.30")


def test_looking_does_not_change_what_is_seen_later() -> None:
    """A page that is open, or a metric that is scraped, must not decide how profit is split."""
    watched, alone = attribution("1"), attribution("1")
    for book in (watched, alone):
        book.mark(Decimal(100))
    for mid in (90.0, 110.0, 95.0):
        watched.pnl(mid)
    for book in (watched, alone):
        book.fill(fill("1", SELL, "1", "101"), None)
    assert watched.pnl(100.0) == alone.pnl(100.0)


def test_a_mid_that_was_seen_is_the_mark_while_there_is_none() -> None:
    book = attribution("1")
    book.see(100.0)
    assert book.see(90.0).total == book.see(None).total == -10


def random_fill(random: Random, number: int) -> Fill:
    asset = random.choice(["ABC", "USD", "BNB"])
    size = Decimal(random.randint(1, 10**9)) / 10**8
    return fill(
        str(number),
        random.choice([BUY, SELL]),
        str(size),
        str(Decimal(random.randint(9_000, 11_000)) / 10),
        fee=str(size * Decimal(random.randint(-20, 100)) / 100_000),
        fee_asset=asset,
    )


@pytest.mark.parametrize("seed", range(20))
def test_total_is_spread_plus_inventory_minus_fees_to_the_last_digit(seed: int) -> None:
    random = Random(seed)
    book = attribution(str(random.randint(-5, 5)), "1000")
    for number in range(200):
        mid = random.randint(18_000, 22_000) * Decimal("0.05")
        match random.randint(0, 2):
            case 0:
                book.mark(mid)
            case 1:
                book.fill(random_fill(random, number), mid)
            case _:
                book.fill(random_fill(random, number), None)
        pnl = book.pnl(random.choice([None, float(mid)]))
        assert pnl.total == pnl.spread + pnl.inventory - pnl.fees
