"""Conditions that make a book usable or unusable, and the prices it gives."""

from math import inf, nan
from random import Random

import pytest

from quoter.domain.events import BookDelta
from quoter.domain.market import Level
from quoter.state.book import LEVELS_KEPT, LEVELS_MAX, TICKERS_MAX, Book
from tests.unit.state.cases import START_NS, delta, levels, snapshot, top

NO_OWN_ORDERS: dict[float, float] = {}


def loaded() -> Book:
    book = Book()
    assert book.load(snapshot()) is None
    return book


def best(book: Book) -> tuple[Level, Level] | None:
    return book.best(NO_OWN_ORDERS, NO_OWN_ORDERS)


def test_book_has_no_prices_before_the_first_snapshot() -> None:
    book = Book()
    assert not book.ready
    assert best(book) is None
    assert book.apply(delta(0, 1, levels((99.9, 1.0)))) is None
    assert best(book) is None


def test_a_snapshot_makes_the_book_ready_whatever_the_order_of_its_levels() -> None:
    book = Book()
    bids, asks = levels((99.8, 7.0), (99.9, 5.0)), levels((100.2, 6.0), (100.1, 4.0))
    assert book.load(snapshot(10, bids, asks)) is None
    assert best(book) == (Level(99.9, 5.0), Level(100.1, 4.0))
    assert (book.last, book.ts_ns) == (10, START_NS)


def test_a_delta_that_follows_sets_absolute_sizes_and_zero_removes() -> None:
    book = loaded()
    fault = book.apply(delta(10, 12, levels((99.9, 0.0), (99.8, 1.0)), levels((100.0, 2.0))))
    assert fault is None
    assert best(book) == (Level(99.8, 1.0), Level(100.0, 2.0))
    assert book.last == 12


def test_removing_a_level_that_never_was_changes_nothing() -> None:
    book = loaded()
    assert book.apply(delta(10, 11, levels((42.0, 0.0)))) is None
    assert best(book) == (Level(99.9, 5.0), Level(100.1, 4.0))


@pytest.mark.parametrize("prev", [9, 11])
def test_delta_out_of_sequence_is_a_gap_and_makes_the_book_unusable(prev: int) -> None:
    book = loaded()
    assert book.apply(delta(prev, 20)) == f"gap: expected 10, received {prev}"
    assert best(book) is None
    assert book.apply(delta(20, 21)) is None  # ignored until the next snapshot
    assert not book.ready


@pytest.mark.parametrize("last", [9, 10])
def test_a_delta_that_ends_before_our_number_is_a_duplicate_and_ignored(last: int) -> None:
    book = loaded()
    assert book.apply(delta(8, last, levels((100.05, 9.0)))) is None
    assert book.ready
    assert book.duplicates == 1
    assert best(book) == (Level(99.9, 5.0), Level(100.1, 4.0))


@pytest.mark.parametrize("bid", [100.1, 100.2])
def test_locked_or_crossed_book_is_unusable(bid: float) -> None:
    book = loaded()
    assert "crossed" in (book.apply(delta(10, 11, levels((bid, 1.0)))) or "")
    assert best(book) is None


@pytest.mark.parametrize(
    ("bids", "asks"),
    [((), levels((100.1, 1.0))), (levels((99.9, 1.0)), ()), (levels((99.9, 0.0)), levels((1, 1)))],
)
def test_snapshot_with_an_empty_side_is_unusable(
    bids: tuple[Level, ...], asks: tuple[Level, ...]
) -> None:
    assert Book().load(snapshot(10, bids, asks)) == "one side is empty"


def test_book_with_an_emptied_side_is_unusable() -> None:
    book = loaded()
    fault = book.apply(delta(10, 11, levels((99.9, 0.0), (99.8, 0.0))))
    assert fault == "one side is empty"
    assert not book.ready


def test_a_new_snapshot_makes_it_ready_again() -> None:
    book = loaded()
    book.apply(delta(15, 16))
    assert book.load(snapshot(30)) is None
    assert best(book) is not None
    assert book.apply(delta(30, 31)) is None


def test_losing_the_feed_loses_the_book_and_the_ticker() -> None:
    book = loaded()
    book.apply_top(top(11, (99.95, 1.0), (100.05, 1.0)))
    book.invalidate()
    assert best(book) is None
    book.load(snapshot())
    assert best(book) == (Level(99.9, 5.0), Level(100.1, 4.0))


HOSTILE = [nan, inf, -inf, 0.0, -1.0, 1e308]


@pytest.mark.parametrize("price", HOSTILE)
def test_delta_with_an_invalid_price_is_a_fault(price: float) -> None:
    """Sorting with a NaN would give a wrong best price from then on."""
    for bids, asks in ((levels((price, 1.0)), ()), ((), levels((price, 1.0)))):
        book = loaded()
        assert book.apply(delta(10, 11, bids, asks)) is not None
        assert best(book) is None


@pytest.mark.parametrize("price", HOSTILE)
def test_snapshot_with_an_invalid_price_is_a_fault(price: float) -> None:
    book = Book()
    assert book.load(snapshot(bids=levels((99.9, 1.0), (price, 1.0)))) is not None
    assert best(book) is None


@pytest.mark.parametrize("size", [nan, inf, -1.0, 1e308])
def test_delta_with_an_invalid_size_is_a_fault(size: float) -> None:
    book = loaded()
    assert book.apply(delta(10, 11, levels((99.9, size)))) is not None
    assert best(book) is None


def test_snapshot_after_an_invalid_delta_makes_the_book_usable() -> None:
    book = loaded()
    book.apply(delta(10, 11, levels((nan, 1.0), (99.7, 1.0))))
    assert book.load(snapshot(20)) is None
    assert book.apply(delta(20, 21, levels((99.9, 0.0)))) is None
    assert best(book) == (Level(99.8, 7.0), Level(100.1, 4.0))


@pytest.mark.parametrize("price", HOSTILE)
def test_impossible_ticker_is_a_fault(price: float) -> None:
    book = loaded()
    assert book.apply_top(top(11, (99.9, 1.0), (price, 1.0)))
    assert book.apply_top(top(11, (price, 1.0), (100.1, 1.0)))


def test_our_own_orders_are_taken_out_of_the_best_levels() -> None:
    book = loaded()
    assert book.best({99.9: 5.0}, {100.1: 1.0}) == (Level(99.8, 7.0), Level(100.1, 3.0))


def test_published_prices_contain_our_own_orders_and_follow_every_update() -> None:
    book = loaded()
    assert book.published() == (Level(99.9, 5.0), Level(100.1, 4.0))
    book.apply(delta(10, 11, levels((99.9, 6.0))))
    assert book.published() == (Level(99.9, 6.0), Level(100.1, 4.0))
    book.apply_top(top(12, (99.95, 1.0), (100.05, 2.0)))
    assert book.published() == (Level(99.95, 1.0), Level(100.05, 2.0))
    assert book.best({99.95: 0.25}, NO_OWN_ORDERS) == (Level(99.95, 0.75), Level(100.05, 2.0))
    assert book.published() == (Level(99.95, 1.0), Level(100.05, 2.0))
    book.load(snapshot(20, levels((99.7, 1.0)), levels((100.3, 2.0))))
    assert book.published() == (Level(99.7, 1.0), Level(100.3, 2.0))
    book.invalidate()
    assert book.published() is None


def test_rounding_error_of_our_own_size_is_not_foreign_size() -> None:
    book = loaded()
    book.apply(delta(10, 11, levels((99.9, 0.1 + 0.2))))
    assert book.best({99.9: 0.3}, NO_OWN_ORDERS) == (Level(99.8, 7.0), Level(100.1, 4.0))


def test_a_book_of_our_own_orders_only_has_no_best_price() -> None:
    assert loaded().best({99.9: 5.0, 99.8: 7.0}, NO_OWN_ORDERS) is None


def test_ticker_fresher_than_the_depth_is_used() -> None:
    book = loaded()
    assert book.apply_top(top(11, (99.95, 1.0), (100.05, 2.0))) is None
    assert best(book) == (Level(99.95, 1.0), Level(100.05, 2.0))
    assert book.ts_ns == START_NS + 2


def test_ticker_older_than_the_depth_is_ignored() -> None:
    book = loaded()
    book.apply_top(top(9, (99.95, 1.0), (100.05, 2.0)))
    assert best(book) == (Level(99.9, 5.0), Level(100.1, 4.0))


def test_depth_that_catches_up_replaces_the_ticker() -> None:
    book = loaded()
    book.apply_top(top(11, (99.95, 1.0), (100.05, 2.0)))
    book.apply(delta(10, 12))
    assert best(book) == (Level(99.9, 5.0), Level(100.1, 4.0))


def test_a_ticker_whose_level_is_ours_falls_back_on_depth_that_can_still_hold() -> None:
    book = loaded()
    book.apply_top(top(11, (99.95, 1.0), (100.05, 2.0)))
    assert book.best({99.95: 1.0}, NO_OWN_ORDERS) == (Level(99.9, 5.0), Level(100.05, 2.0))
    # by the ticker there is no bid at 99.8 any more: an ask is there
    book.apply_top(top(12, (99.7, 1.0), (99.8, 2.0)))
    assert book.best({99.7: 1.0}, NO_OWN_ORDERS) is None


def test_depth_better_than_a_ticker_whose_level_is_ours_has_gone() -> None:
    book = loaded()
    book.apply_top(top(11, (99.9, 5.0), (100.6, 1.0)))
    assert book.best(NO_OWN_ORDERS, {100.6: 1.0}) is None  # the asks of the depth are at 100.1


@pytest.mark.parametrize("ask", [99.9, 100.0])
def test_a_locked_or_crossed_ticker_is_refused(ask: float) -> None:
    assert loaded().apply_top(top(11, (100.0, 1.0), (ask, 1.0)))


def test_a_side_never_grows_beyond_its_bound_and_the_farthest_levels_go_first() -> None:
    many = tuple(Level(10.0 + 0.01 * i, 1.0) for i in range(LEVELS_MAX))
    book = Book()
    book.load(snapshot(bids=many, asks=levels((200.0, 1.0))))
    book.apply(delta(10, 11, levels((150.0, 1.0), (9.0, 1.0))))
    shown = book.bids.levels(2 * LEVELS_MAX, NO_OWN_ORDERS)
    assert len(shown) == LEVELS_KEPT
    assert shown[0] == Level(150.0, 1.0)
    assert shown[-1] == many[-(LEVELS_KEPT - 1)]
    book.load(snapshot(bids=(*many, *levels((9.0, 1.0))), asks=levels((200.0, 1.0))))
    assert len(book.bids.levels(2 * LEVELS_MAX, NO_OWN_ORDERS)) == LEVELS_KEPT


def test_levels_are_shown_best_first_without_ours_and_only_as_deep_as_asked() -> None:
    book = loaded()
    book.apply(delta(10, 11, levels((99.7, 1.0))))
    assert book.bids.levels(2, {99.8: 7.0}) == levels((99.9, 5.0), (99.7, 1.0))
    assert book.asks.levels(1, NO_OWN_ORDERS) == levels((100.1, 4.0))


def test_deltas_give_the_same_book_as_a_snapshot_of_their_end() -> None:
    changes: list[BookDelta] = [
        delta(10, 11, levels((99.95, 1.0), (99.8, 0.0))),
        delta(11, 14, levels((99.9, 2.0)), levels((100.1, 0.0), (100.3, 3.0))),
        delta(14, 15, levels((99.95, 0.0)), levels((100.2, 5.0))),
    ]
    followed = loaded()
    for change in changes:
        followed.apply(change)
    whole = Book()
    whole.load(snapshot(15, levels((99.9, 2.0)), levels((100.2, 5.0), (100.3, 3.0))))
    for side, other in ((followed.bids, whole.bids), (followed.asks, whole.asks)):
        assert side.levels(10, NO_OWN_ORDERS) == other.levels(10, NO_OWN_ORDERS)


@pytest.mark.slow
def test_book_is_correct_however_far_the_touch_moves() -> None:
    """Only levels near the touch are kept in order; the test compares with a plain dictionary."""
    rng, book, plain = Random(3), Book(), {1: dict[float, float](), -1: dict[float, float]()}
    many = tuple(Level(1000.0 + n, 1.0) for n in range(-400, 401))
    book.load(snapshot(0, many[:400], many[400:]))
    plain[1], plain[-1] = dict(many[:400]), dict(many[400:])
    touch = 1000
    for last in range(1, 2000):
        touch += rng.choice((-3, -1, 0, 1, 3))
        changes = {1: list[Level](), -1: list[Level]()}
        for sign, side in plain.items():
            gone = [price for price in side if sign * (price - touch) >= 0]
            changes[sign] += [Level(price, 0.0) for price in gone]
            away = [touch - sign * rng.randint(1, 600) for _ in range(8)] + [touch - sign]
            changes[sign] += [Level(price, float(rng.randint(0, 2))) for price in away[:-1]]
            changes[sign].append(Level(away[-1], 1.0))
            for price, size in changes[sign]:
                side[price] = size
            plain[sign] = {price: size for price, size in side.items() if size}
        fault = book.apply(delta(last - 1, last, tuple(changes[1]), tuple(changes[-1])))
        assert fault is None
        for sign, half in ((1, book.bids), (-1, book.asks)):
            best = sorted(plain[sign].items(), key=lambda row: -sign * row[0])
            assert half.best(NO_OWN_ORDERS) == best[0]
            assert half.levels(30, NO_OWN_ORDERS) == tuple(best[:30])
    assert len(book.bids.levels(10_000, NO_OWN_ORDERS)) == len(plain[1])


def test_ticker_of_the_same_update_must_equal_the_depth() -> None:
    book = loaded()
    assert book.apply_top(top(10, (99.9, 5.0), (100.1, 4.0))) is None
    fault = book.apply_top(top(10, (99.9, 5.0), (100.1, 4.5)))
    assert fault is not None
    assert "4.5 @ 100.1" in fault
    assert best(book) is None


@pytest.mark.parametrize(
    ("bids", "is_wrong"),
    [(levels((99.95, 1.0)), False), (levels((99.95, 2.0)), True), (levels((99.9, 1.0)), True)],
)
def test_depth_that_reaches_the_tickers_update_must_show_its_prices_and_sizes(
    bids: tuple[Level, ...], *, is_wrong: bool
) -> None:
    book = loaded()
    assert book.apply_top(top(12, (99.95, 1.0), (100.1, 4.0))) is None
    assert (book.apply(delta(10, 12, bids)) is not None) is is_wrong
    assert book.ready is not is_wrong


@pytest.mark.parametrize("wrong", [11, 12, 13])
def test_each_update_of_the_depth_is_compared_with_its_ticker_although_later_ones_came(
    wrong: int,
) -> None:
    """The ticker is published at once, the depth up to 100 ms later."""
    book = loaded()
    for last in (11, 12, 13):
        bid = (99.9, 5.0 + last)
        assert book.apply_top(top(last, bid, (100.1, 4.0))) is None
    assert book.apply_top(top(99, (99.95, 1.0), (100.1, 4.0))) is None
    for last in range(11, wrong):
        assert book.apply(delta(last - 1, last, levels((99.9, 5.0 + last)))) is None
    fault = book.apply(delta(wrong - 1, wrong, levels((99.9, 1.0))))
    assert fault is not None
    assert f"at {wrong}, the ticker" in fault
    assert best(book) is None


@pytest.mark.parametrize(("reached", "is_known"), [(11, False), (12, True)])
def test_oldest_ticker_is_forgotten_if_the_depth_stays_behind_too_many(
    reached: int, *, is_known: bool
) -> None:
    book = loaded()
    for last in range(11, 12 + TICKERS_MAX):
        assert book.apply_top(top(last, (99.9, 1.0), (100.1, 4.0))) is None
    assert (book.apply(delta(10, reached, levels((99.9, 2.0)))) is not None) is is_known


def test_tickers_of_other_updates_are_not_compared() -> None:
    book = loaded()
    book.apply_top(top(11, (99.95, 1.0), (100.05, 2.0)))
    assert book.apply(delta(10, 12)) is None
    assert book.apply_top(top(9, (90.0, 1.0), (91.0, 1.0))) is None
    assert book.ready


def test_an_equal_snapshot_at_the_same_number_confirms_the_book_and_keeps_the_ticker() -> None:
    book = loaded()
    book.apply_top(top(11, (99.95, 1.0), (100.05, 2.0)))
    assert book.load(snapshot(10, ts_ns=START_NS + 9)) is None
    assert best(book) == (Level(99.95, 1.0), Level(100.05, 2.0))
    assert book.ts_ns == START_NS + 9


@pytest.mark.parametrize("bad", [levels((99.9, 5.0)), levels((99.9, 5.0), (99.8, 7.5))])
def test_a_different_snapshot_at_the_same_number_shows_a_corrupted_book(
    bad: tuple[Level, ...],
) -> None:
    book = loaded()
    fault = book.load(snapshot(10, bids=bad))
    assert fault is not None
    assert "by the snapshot" in fault
    assert not book.ready
    assert book.load(snapshot(10, bids=bad)) is None, "the next one is believed"


def test_levels_far_from_the_touch_are_not_audited() -> None:
    near = levels(*((100.0 - i, 1.0) for i in range(1, 7)))
    book = Book()
    book.load(snapshot(10, bids=near))
    assert book.load(snapshot(10, bids=near[:5])) is None


def test_repeated_ticker_is_no_update() -> None:
    book = loaded()
    before = book.updates
    assert book.apply_top(top(11, (99.9, 5.0), (100.1, 4.0))) is None
    assert book.updates == before + 1
    assert book.apply_top(top(11, (99.9, 5.0), (100.1, 4.0))) is None
    assert book.updates == before + 1
