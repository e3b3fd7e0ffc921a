"""Makers with either sign: exact and simulated cost of ten lots."""

import numpy as np
import pytest

from quoter.studies.common.estimates import mean_of
from quoter.studies.common.market import BP
from quoter.studies.slicing.market import SLICES, Purchase, QuotedMaker

RIGHT, ARTICLE = QuotedMaker(sign=1, lots_max=40), QuotedMaker(sign=-1, lots_max=10)


@pytest.mark.parametrize("maker", [RIGHT, ARTICLE], ids=["right", "article"])
@pytest.mark.parametrize("interval_s", [None, 0.01, 15.0])
def test_simulated_costs_agree_with_exact_costs(
    maker: QuotedMaker, interval_s: float | None
) -> None:
    purchase = Purchase(maker=maker, interval_s=interval_s)
    quoted = mean_of(purchase.simulate(np.random.default_rng(3), 2_000)["quoted"])
    assert abs(quoted.value - purchase.exact_cost()) < 4 * quoted.se


@pytest.mark.parametrize(
    ("interval_s", "right", "article"),
    [(None, 7.43, 7.43), (0.01, 7.42, 2.62), (5.0, 6.28, 3.94), (60.0, 5.08, 5.01)],
)
def test_exact_costs_match_the_reference(
    interval_s: float | None, right: float, article: float
) -> None:
    """The reference is an average of 20 000 runs, with errors of 0.008 and 0.04 bp."""
    ours = Purchase(maker=RIGHT, interval_s=interval_s).exact_cost() / BP
    assert ours == pytest.approx(right, abs=0.035)
    theirs = Purchase(maker=ARTICLE, interval_s=interval_s).exact_cost() / BP
    assert theirs == pytest.approx(article, abs=0.16)


def test_buying_raises_our_ask_and_lowers_the_ask_of_the_wrong_sign() -> None:
    assert RIGHT.ask[RIGHT.flat - SLICES] > RIGHT.ask[RIGHT.flat]
    assert ARTICLE.ask[ARTICLE.flat - SLICES] < ARTICLE.ask[ARTICLE.flat]
    assert RIGHT.ask[RIGHT.flat] == ARTICLE.ask[ARTICLE.flat]


def test_maker_with_the_wrong_sign_is_at_its_limit() -> None:
    ours, article = QuotedMaker(sign=1, lots_max=10).inside(), ARTICLE.inside()
    assert article.limit_share == pytest.approx(0.863, abs=5e-4)
    assert ours.limit_share == pytest.approx(8e-6, abs=5e-7)
    assert article.sd_lots == pytest.approx(9.84, abs=5e-3)
    assert ours.sd_lots == pytest.approx(2.16, abs=5e-3)
    assert article.certainty_rate < 0 < ours.certainty_rate


def test_paid_price_includes_moves_of_the_mid() -> None:
    sample = Purchase(maker=RIGHT, interval_s=60.0).simulate(np.random.default_rng(3), 2_000)
    assert float(sample["paid"].std()) / BP == pytest.approx(13.0, rel=0.1)
    assert float(sample["quoted"].std()) / BP < 1.0
