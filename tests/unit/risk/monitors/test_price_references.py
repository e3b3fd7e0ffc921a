"""Mid, last trade and the mean of the last minute."""

from math import exp, inf, nan

import pytest

from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.price_references import EWMA_S, PriceReferences

NOW_NS = 1_700_000_000_000_000_000


def test_no_reference_before_the_first_mid() -> None:
    references = PriceReferences()
    references.on_trade(NOW_NS, 100.0)
    assert references.at(NOW_NS) is None


def test_mean_follows_a_jump_within_a_minute() -> None:
    references = PriceReferences()
    references.on_mid(NOW_NS, 100.0)
    references.on_mid(NOW_NS + NS_PER_S, 110.0)
    assert references.at(NOW_NS + NS_PER_S) == (100.0, 110.0)
    later = references.at(NOW_NS + 61 * NS_PER_S)
    assert later is not None
    assert later[0] == pytest.approx(110.0 - 10.0 * exp(-60.0 / EWMA_S))
    assert later[1] == 110.0


def test_mean_does_not_depend_on_how_often_it_is_read() -> None:
    seldom, often = PriceReferences(), PriceReferences()
    for references in (seldom, often):
        references.on_mid(NOW_NS, 100.0)
    for step in range(1, 100):
        often.on_mid(NOW_NS + step * NS_PER_S // 10, 100.0)
    for references in (seldom, often):
        references.on_mid(NOW_NS + 10 * NS_PER_S, 90.0)
    at_ns = NOW_NS + 20 * NS_PER_S
    assert often.at(at_ns) == pytest.approx(seldom.at(at_ns))


def test_the_last_trade_counts_for_a_minute() -> None:
    references = PriceReferences()
    references.on_mid(NOW_NS, 100.0)
    references.on_trade(NOW_NS, 95.0)
    assert references.at(NOW_NS + 60 * NS_PER_S) == (95.0, 100.0)
    assert references.at(NOW_NS + 60 * NS_PER_S + 1) == (100.0, 100.0)


@pytest.mark.parametrize("price", [nan, inf, -inf, 0.0, -1.0])
def test_invalid_price_changes_nothing(price: float) -> None:
    references = PriceReferences()
    references.on_mid(NOW_NS, 100.0)
    references.on_mid(NOW_NS, price)
    references.on_trade(NOW_NS, price)
    assert references.at(NOW_NS) == (100.0, 100.0)
