import random
from math import exp, nan, sqrt

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Bar
from quoter.pricing.estimators.volatility import rogers_satchell


def bars(*, sigma: float, count: int, drift: float = 0.0, price: float = 1000.0) -> list[Bar]:
    """Bars of a minute from moves of a tenth of a second; sigma and drift relative."""
    rng, made = random.Random(1), []
    for _ in range(count):
        opened = high = low = price
        for _ in range(600):
            price *= exp(rng.gauss(drift * 0.1, sigma * sqrt(0.1)))
            high, low = max(high, price), min(low, price)
        made.append(Bar(opened, high, low, price))
    return made


def test_sigma_of_bars_is_in_price_per_root_second() -> None:
    made = bars(sigma=1e-4, count=120)
    assert rogers_satchell(made, bar_s=60.0) == pytest.approx(1e-4 * made[-1].close, rel=0.12)


def test_trend_does_not_add_volatility() -> None:
    made = bars(sigma=1e-4, count=120, drift=2e-5)
    assert rogers_satchell(made, bar_s=60.0) == pytest.approx(1e-4 * made[-1].close, rel=0.12)


def test_too_few_bars_or_constant_bars_give_none() -> None:
    assert rogers_satchell(bars(sigma=1e-4, count=4), bar_s=60.0) is None
    assert rogers_satchell([Bar(1.0, 1.0, 1.0, 1.0)] * 50, bar_s=60.0) is None


def test_f14_bar_with_invalid_number_raises_with_its_name() -> None:
    with pytest.raises(InvalidInput, match="low"):
        rogers_satchell([Bar(1.0, 1.0, nan, 1.0)] * 5, bar_s=60.0)
    with pytest.raises(InvalidInput, match="bar_s"):
        rogers_satchell([Bar(1.0, 1.0, 1.0, 1.0)] * 5, bar_s=0.0)
