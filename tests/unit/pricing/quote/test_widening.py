import itertools
from math import inf, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.quote.widening import widening


def test_nothing_is_widened_below_the_threshold() -> None:
    assert widening(nu=0.29, beta=2.0, nu0=0.3) == 0.0


def test_widening_is_continuous_and_capped() -> None:
    grid = [widening(nu=i / 1000, beta=1.0, nu0=0.2) for i in range(4000)]
    assert grid == sorted(grid)
    assert max(b - a for a, b in itertools.pairwise(grid)) < 0.01
    assert grid[-1] == 4.0


def test_f17_widening_depends_on_inventory_alone_and_decays_with_it() -> None:
    """Widening depends on the present inventory only, not on its history."""
    before = widening(nu=0.3)
    assert widening(nu=0.9) > before
    assert widening(nu=0.3) == before
    assert widening(nu=0.0) == 0.0


@pytest.mark.parametrize("nu", [nan, inf, -0.1, 1e7])
def test_invalid_inventory_raises(nu: float) -> None:
    with pytest.raises(InvalidInput):
        widening(nu=nu)
