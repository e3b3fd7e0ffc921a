"""Fair value: mid and micro-price."""

import random
from collections.abc import Iterator
from math import inf, nan
from typing import NamedTuple

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.estimators.fair_value import PENDING_MAX, MicroPrice, imbalance, mid


def test_mid_is_the_average_of_best_bid_and_ask() -> None:
    assert mid(best_bid=99.98, best_ask=100.04) == pytest.approx(100.01)


@pytest.mark.parametrize(
    ("best_bid", "best_ask"),
    [(0.0, 1.0), (nan, 1.0), (1.0, nan), (1.0, inf), (-1.0, 1.0), (1.0, 1.0), (2.0, 1.0)],
)
def test_f18_missing_or_crossed_side_raises(best_bid: float, best_ask: float) -> None:
    with pytest.raises(InvalidInput):
        mid(best_bid=best_bid, best_ask=best_ask)


def test_imbalance_is_the_share_of_the_bid() -> None:
    assert imbalance(bid_size=3.0, ask_size=1.0) == pytest.approx(0.75)
    assert imbalance(bid_size=1e300, ask_size=1e300) == pytest.approx(0.5)


class Touch(NamedTuple):
    t_s: float
    mid: float
    share: float


def queues(*, seconds: float, seed: int, is_spoofed: bool = False) -> Iterator[Touch]:
    """A book of one tick whose queues grow and shrink at random; an empty one moves the price.

    A spoofer shows, half of the time, thirty more on a side for no reason.
    """
    rng = random.Random(seed)
    bid_size, ask_size, bid, t_s, events = 5, 5, 1000, 0.0, 0
    while t_s < seconds:
        t_s += rng.expovariate(10.0)
        events += 1
        if rng.random() < 0.5:
            bid_size += 1 if rng.random() < 0.45 else -1
        else:
            ask_size += 1 if rng.random() < 0.45 else -1
        if bid_size <= 0 or ask_size <= 0:
            bid += 1 if ask_size <= 0 else -1
            bid_size, ask_size = rng.randrange(1, 10), rng.randrange(1, 10)
        shown = events // 50 % 4 if is_spoofed else 0
        shown_bid = bid_size + (30 if shown == 1 else 0)
        shown_ask = ask_size + (30 if shown == 3 else 0)
        yield Touch(t_s, bid + 0.5, imbalance(bid_size=shown_bid, ask_size=shown_ask))


def errors(*, is_spoofed: bool) -> tuple[float, float, float]:
    """Mean squared error over 2 s of mid, weighted mid and micro-price, after learning."""
    micro = MicroPrice()
    open_: list[tuple[float, float, float, float]] = []
    sums, count, mid_now = [0.0, 0.0, 0.0], 0, 0.0
    for touch in queues(seconds=4000.0, seed=4, is_spoofed=is_spoofed):
        while open_ and open_[0][0] + 2.0 <= touch.t_s:
            _, *guesses = open_.pop(0)
            sums = [s + (mid_now - g) ** 2 for s, g in zip(sums, guesses, strict=True)]
            count += 1
        mid_now = touch.mid
        micro.update(touch.t_s, mid=touch.mid, spread=1.0, share=touch.share)
        if touch.t_s > 1500.0:
            fair = micro.fair(mid=touch.mid, spread=1.0, share=touch.share, half=10.0)
            open_.append((touch.t_s, touch.mid, touch.mid + touch.share - 0.5, fair))
    return sums[0] / count, sums[1] / count, sums[2] / count


def test_micro_price_predicts_the_mid_better_than_mid() -> None:
    mid_error, _, micro_error = errors(is_spoofed=False)
    assert micro_error < 0.93 * mid_error


def test_spoofed_sizes_harm_the_weighted_mid_but_not_the_micro_price() -> None:
    mid_error, weighted_error, micro_error = errors(is_spoofed=True)
    assert micro_error < mid_error
    assert micro_error < weighted_error


def test_uninformative_imbalance_moves_nothing() -> None:
    micro, rng, price = MicroPrice(), random.Random(5), 100.0
    for i in range(20_000):
        price += rng.choice((-0.01, 0.0, 0.01))
        micro.update(i * 0.25, mid=price, spread=0.02, share=rng.random())
    for share in (0.05, 0.35, 0.95):
        assert abs(micro.expected_move(share)) < 0.15  # sqrt(8 * 2/3) / 2 / sqrt(samples) = 0.02


def rising(micro: MicroPrice, *, samples: int) -> None:
    for i in range(samples):
        micro.update(i * 0.25, mid=100.0 + i * 0.01, spread=0.02, share=0.99)


def test_both_sides_share_mirrored_moves() -> None:
    micro = MicroPrice()
    rising(micro, samples=2000)
    assert micro.expected_move(0.99) > 3.5  # 0.08 in 2 s, of a spread of 0.02, shrunk
    assert micro.expected_move(0.0) == -micro.expected_move(1.0)
    assert micro.expected_move(0.5) == 0.0


def test_micro_price_stays_within_half_of_our_half_spread() -> None:
    micro = MicroPrice()
    rising(micro, samples=2000)
    assert micro.fair(mid=120.0, spread=0.02, share=0.99, half=0.04) == pytest.approx(120.02)
    assert micro.fair(mid=120.0, spread=0.02, share=0.01, half=0.04) == pytest.approx(119.98)


def test_old_samples_decay() -> None:
    micro = MicroPrice(half_life_s=10.0)
    rising(micro, samples=100)
    before = micro.expected_move(0.99)
    micro.update(200.0, mid=101.0, spread=0.02, share=0.5)
    micro.update(600.0, mid=101.0, spread=0.02, share=0.5)
    assert abs(micro.expected_move(0.99)) < 0.01 < before


def test_gap_drops_pending_samples_and_pending_is_bounded() -> None:
    micro = MicroPrice()
    for i in range(4):
        micro.update(i * 0.25, mid=100.0, spread=0.02, share=0.99)
    micro.restart()
    micro.update(500.0, mid=200.0, spread=0.02, share=0.5)
    assert micro.expected_move(0.99) == 0.0
    for i in range(1000):
        micro.update(500.0 + i * 0.01, mid=200.0, spread=0.02, share=0.5)
        assert len(micro._pending) <= PENDING_MAX


@pytest.mark.parametrize("name", ["t_s", "mid", "spread", "share"])
def test_f14_book_with_invalid_number_raises(name: str) -> None:
    book = {"t_s": 1.0, "mid": 100.0, "spread": 0.02, "share": 0.5} | {name: nan}
    with pytest.raises(InvalidInput, match=name):
        MicroPrice().update(
            book["t_s"], mid=book["mid"], spread=book["spread"], share=book["share"]
        )
