"""Holdings come from unique fills and from nothing else."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest

from quoter.domain.units import NS_PER_S
from quoter.state import inventory as module
from quoter.state.inventory import Inventory, LedgerConflict
from tests.unit.state.cases import ABC, BUY, SELL, START_NS, at, exact, fill

OPENING = {"ABC": Decimal(5), "USD": Decimal(1000), "BNB": Decimal(1)}
FILLS = (
    fill("1", BUY, "2", "99.5", fee="0.002", fee_asset="ABC"),
    fill("2", SELL, "1", "100.5", fee="0.1", fee_asset="USD"),
    fill("3", BUY, "0.5", "98", fee="0.0001", fee_asset="BNB"),
    fill("4", SELL, "3", "101", fee="-0.05", fee_asset="USD"),
)


def held(target: str = "5") -> Inventory:
    return Inventory(ABC, OPENING, target=Decimal(target))


def test_a_buy_moves_base_up_and_quote_down_by_exactly_its_notional() -> None:
    inventory = held()
    assert inventory.book(fill("1", BUY, "2", "99.5"))
    assert (inventory.position, inventory.cash, inventory.net) == exact(7, 801, 2)
    assert inventory.book(fill("2", SELL, "3", "100"))
    assert (inventory.position, inventory.cash, inventory.net) == exact(4, 1101, -1)
    assert (inventory.fills_buy, inventory.fills_sell) == (1, 1)


def test_inventory_is_measured_from_the_target() -> None:
    assert held("5").net == 0
    assert held("8").net == -3


@pytest.mark.parametrize(
    ("asset", "after"),
    [
        ("ABC", {"ABC": Decimal("6.9"), "USD": Decimal(800), "BNB": Decimal(1)}),
        ("USD", {"ABC": Decimal(7), "USD": Decimal("799.9"), "BNB": Decimal(1)}),
        ("BNB", {"ABC": Decimal(7), "USD": Decimal(800), "BNB": Decimal("0.9")}),
    ],
)
def test_a_fee_is_deducted_from_its_asset(asset: str, after: dict[str, Decimal]) -> None:
    inventory = held()
    inventory.book(fill("1", BUY, "2", "100", fee="0.1", fee_asset=asset))
    assert inventory.balances == after
    assert inventory.fees_paid == {asset: Decimal("0.1")}


def test_fee_in_a_coin_without_balance_makes_it_negative() -> None:
    inventory = held()
    inventory.book(fill("1", fee="0.1", fee_asset="XYZ"))
    assert inventory.balances["XYZ"] == Decimal("-0.1")
    assert inventory.touched == {"ABC", "USD", "XYZ"}


def test_a_rebate_is_a_negative_fee() -> None:
    inventory = held()
    inventory.book(fill("1", SELL, "1", "100", fee="-0.5"))
    assert inventory.cash == Decimal("1100.5")


def test_only_assets_that_trading_moves_are_touched() -> None:
    assert held().touched == {"ABC", "USD"}


def test_same_trade_is_booked_once_whenever_it_is_reported() -> None:
    inventory = held()
    assert inventory.book(fill("1"))
    before = dict(inventory.balances)
    assert not inventory.book(at(START_NS + NS_PER_S, fill("1")))
    assert inventory.balances == before
    assert inventory.fills_buy == 1


@pytest.mark.parametrize(
    "other",
    [
        fill("1", SELL),
        fill("1", size="2"),
        fill("1", price="101"),
        fill("1", fee="0.1"),
        fill("1", fee_asset="BNB"),
    ],
)
def test_one_trade_id_with_two_contents_is_a_conflict_and_books_nothing(other: object) -> None:
    inventory = held()
    inventory.book(fill("1"))
    before = dict(inventory.balances)
    with pytest.raises(LedgerConflict, match="trade 1"):
        inventory.book(other)  # type: ignore[arg-type]  # parametrize knows no types
    assert inventory.balances == before


def test_the_same_number_written_differently_is_no_conflict() -> None:
    inventory = held()
    inventory.book(fill("1", size="1", price="100"))
    assert not inventory.book(fill("1", size="1.000", price="1E+2"))


def test_any_order_and_any_repetition_of_fills_gives_one_ledger() -> None:
    results = set()
    for order in permutations(FILLS):
        inventory = held()
        for each in (*order, order[0], order[-1]):
            inventory.book(each)
        results.add((tuple(sorted(inventory.balances.items())), inventory.newest_trade_id))
    assert len(results) == 1


def test_fills_from_before_the_opening_balance_are_known_and_not_booked() -> None:
    inventory = Inventory(ABC, OPENING, known=(fill("9"), fill("10")))
    assert inventory.newest_trade_id == "10"
    assert not inventory.book(fill("9"))
    assert inventory.balances["ABC"] == 5


def test_the_newest_trade_id_is_newest_by_number_not_by_text() -> None:
    inventory = held()
    for trade_id in ("9", "10", "8"):
        inventory.book(fill(trade_id))
    assert inventory.newest_trade_id == "10"


def test_trade_ids_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRADE_IDS_MAX", 2)
    inventory = held()
    for trade_id in ("1", "2", "3"):
        inventory.book(fill(trade_id))
    assert not inventory.book(fill("3"))
    assert not inventory.book(fill("2"))
    assert not inventory.has("1")


@pytest.mark.parametrize(
    ("booked", "later", "is_possible"),
    [
        (("1", "2"), "1", False),  # nothing has been forgotten
        (("9", "10", "11"), "9", True),
        (("9", "10", "11"), "8", True),
        (("9", "10", "11"), "12", False),
        (("11", "10", "9", "8"), "11", True),
        (("a", "b", "c"), "d", True),  # such ids do not tell which trade is older
        (("a", "b", "c"), "1", True),
        (("1", "2", "3"), "a", True),
    ],
)
def test_a_fill_may_have_been_forgotten_unless_its_id_shows_that_it_is_newer(
    monkeypatch: pytest.MonkeyPatch, booked: tuple[str, ...], later: str, is_possible: bool
) -> None:
    """The time of a listed trade is that of the list: it proves nothing."""
    monkeypatch.setattr(module, "TRADE_IDS_MAX", 2)
    inventory = held()
    for trade_id in booked:
        inventory.book(fill(trade_id))
    listed_now = replace(fill(later), ts_ns=fill(later).ts_ns + 10**12)
    assert inventory.may_have_forgotten(listed_now) is is_possible


def test_missing_opening_balances_count_as_zero() -> None:
    inventory = Inventory(ABC, {})
    assert (inventory.position, inventory.cash) == exact(0, 0)
