"""deploy/docs/strategy.md: its examples, recomputed from their inputs, and what it refers to."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.quotes import PricingInputs
from quoter.engine.quoting.calibration import D0_KAPPA_MAX, D0_KAPPA_MIN
from quoter.pricing.costs import side_cost
from quoter.pricing.estimators.flow import FlowSignal, LearnedAlpha, signal
from quoter.pricing.estimators.intensity import Intensity, IntensityPrior, market_prior
from quoter.pricing.estimators.markout import Markouts
from quoter.pricing.estimators.own_fills import FillCorrection
from quoter.pricing.estimators.side_cooldown import burst_takers
from quoter.pricing.estimators.volatility import Volatility
from quoter.pricing.quote.normalisation import References, gamma_lot
from quoter.pricing.quote.settings_summary import settings_summary, summary_rows
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms
from quoter.pricing.quote.two_sided import two_sided_quote
from quoter.risk.monitors.repeated_execution import EXPECTED_MIN, MARKET_TIMES, lots_limit
from quoter.settings import Settings
from quoter.state.attribution import Attribution
from quoter.state.current_instrument import CurrentInstrument
from tests.tidy.repository import ROOT, python, text
from tests.unit.pricing.cases import BTC

PAGE = Path(__file__).parents[2] / "deploy/docs/strategy.md"
EXAMPLE = re.compile(r"<!-- example: (\S+) -->\n(.*?)\n\n(.*?)\n(?:\n|\Z)", re.DOTALL)
NS_PER_S = 1_000_000_000

type Inputs = Mapping[str, str]
type Outputs = Mapping[str, float]


def table(text: str) -> dict[str, str]:
    """First and second column of a Markdown table, without its header."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {row[0]: row[1] for row in rows[2:]}


def examples() -> dict[str, tuple[Inputs, Inputs]]:
    """Inputs and printed outputs of every example on the page, by name."""
    found = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    return {name: (table(inputs), table(outputs)) for name, inputs, outputs in found}


def numbers(text: str) -> list[float]:
    return [float(number) for number in text.split()]


def volatility(given: Inputs) -> Outputs:
    estimate = Volatility(prior_sigma=float(given["prior sigma"]))
    for second, mid in enumerate(numbers(given["mids, one per second"])):
        estimate.update(float(second), mid)
    slow, fast, used = estimate.slow.sigma, estimate.fast.sigma, estimate.sigma
    assert slow is not None
    assert fast is not None
    assert used is not None
    return {"slow sigma": slow, "fast sigma": fast, "sigma used": used}


def intensity(given: Inputs) -> Outputs:
    prior = IntensityPrior(
        kappa=float(given["prior kappa"]),
        rate=float(given["prior rate"]),
        d0=float(given["d0"]),
        tick=float(given["tick"]),
    )
    estimator, mid = Intensity(prior), 60_000.0
    reach = float(given["reach of each taker buy"])
    windows = int(given["windows, each with one taker buy"])
    for window in range(windows):
        estimator.on_mid(float(window), mid, float(given["sigma"]))
        estimator.on_trade(window + 0.5, Side.BUY, mid + reach)
    estimator.on_mid(float(windows), mid, float(given["sigma"]))
    found = estimator.estimate
    return {
        "effective samples": found.samples,
        "kappa": found.kappa,
        "rate": found.rate,
        "A": found.intensity,
    }


def own_fills(given: Inputs) -> Outputs:
    correction, end_s = FillCorrection(), float(given["seconds"])
    correction.on_quotes(0.0, float(given["expected rate per second"]))
    correction.on_fill(end_s, float(given["lots filled at the end"]))
    return {"expected fills": correction.expected, "fill factor": correction.factor(end_s)}


def first_start(given: Inputs) -> Outputs:
    prior = market_prior(
        mid=float(given["mid"]),
        half_book_spread=float(given["half book spread"]),
        tick=float(given["tick"]),
        trades_per_s=float(given["orders of takers per second, both sides"]),
        half_quote=0.0,
    )
    d0 = min(max(prior.d0, D0_KAPPA_MIN / prior.kappa), D0_KAPPA_MAX / prior.kappa)
    return {
        "kappa": prior.kappa,
        "rate": prior.rate,
        "d0 before its bounds": prior.d0,
        "d0": d0,
    }


def flow(given: Inputs) -> Outputs:
    estimate = FlowSignal()
    t_s = 0.0
    for trade in given["trades of taker buys: second and size"].split(","):
        t_s, size = numbers(trade)
        estimate.trade(t_s, Side.BUY, size)
    z = estimate.z(t_s)
    alpha = LearnedAlpha().alpha(signal(z), float(given["half-spread"]))
    return {"z": z, "signal": signal(z), "alpha": alpha}


def markout(given: Inputs) -> Outputs:
    markouts, fair = Markouts(), float(given["fair value"])
    moved = fair * (1.0 + float(given["move of the mid within 5 s, bp"]) * 1e-4)
    t_s = 0.0
    for fill in range(int(given["our buys, 10 s apart"])):
        t_s = 10.0 * fill
        markouts.on_fill(t_s, Side.BUY, fair)
        t_s += 5.0
        markouts.on_mark(t_s, moved)
    half = float(given["half-spread"])
    return {
        "mean 5 s markout, bp": markouts.mean_bps(t_s, Side.BUY, 5.0),
        "markout cost of the bid": markouts.cost(t_s, Side.BUY, fair=fair, half=half),
    }


def burst(given: Inputs) -> Outputs:
    ordinals = ("first", "second", "third", "fourth")
    rates = numbers(given["expected takers of a side per second"])
    of_rates = zip(ordinals, rates, strict=True)
    found = {f"burst at the {nth} rate": float(burst_takers(r)) for nth, r in of_rates}
    minutes = numbers(given["expected lots of a minute"])
    for nth, expected in zip(ordinals, minutes, strict=False):
        busy = MARKET_TIMES * max(expected, EXPECTED_MIN)
        found[f"{nth} limit of a minute"] = float(lots_limit(busy))
    return found


def reference_market(given: Inputs) -> tuple[References, float]:
    """The references of a market and the risk aversion per lot that is solved for them."""
    cost = side_cost(fair=float(given["fair"]), fee_maker=float(given["fee_maker"]))
    references = References(
        sigma=float(given["sigma"]),
        kappa=float(given["kappa"]),
        intensity=float(given["intensity"]),
        cost=cost,
    )
    gamma = gamma_lot(
        ghat=float(given["gamma (normalised)"]),
        lots_max=float(given["lots_max"]),
        references=references,
    )
    return references, gamma


def quote(given: Inputs) -> Outputs:
    references, gamma = reference_market(given)
    inputs = PricingInputs(
        fair=float(given["fair"]),
        sigma=references.sigma,
        kappa=references.kappa,
        intensity=references.intensity,
        gamma_lot=gamma,
        lots=float(given["lots"]),
        lots_max=float(given["lots_max"]),
        cost_bid=references.cost,
        cost_ask=references.cost,
        tau_s=None,
        alpha=float(given["alpha"]),
        markout_cost_bid=float(given["markout_cost_bid"]),
        tick=float(given["tick"]),
    )
    terms = quote_terms(inputs, QuoteShape())
    sides = two_sided_quote(
        terms=terms,
        shape=QuoteShape(),
        instrument=BTC,
        order_size=Decimal(given["order size"]),
        best_bid_ticks=BTC.floor_ticks(float(given["best bid of others"])),
        best_ask_ticks=BTC.ceil_ticks(float(given["best ask of others"])),
    )
    assert terms.clamps == ()
    assert BTC.tick_float == float(given["tick"])
    outputs = {name: getattr(terms, name, None) for name in examples()["quote"][1]}
    return {name: value for name, value in outputs.items() if value is not None} | {
        "cost": references.cost,
        "gamma_lot": gamma,
        "bid": float(sides.bids[0].price),
        "ask": float(sides.asks[0].price),
        "bid size": float(sides.bids[0].size),
        "ask size": float(sides.asks[0].size),
    }


def summary(given: Inputs) -> Outputs:
    references, gamma = reference_market(given)
    found = settings_summary(
        gamma=gamma,
        lots_max=float(given["lots_max"]),
        references=references,
        fair=float(given["fair"]),
    )
    return {
        row.name: row.value for row in summary_rows(found, order_size=float(given["order size"]))
    }


def attribution(given: Inputs) -> Outputs:
    instrument = Instrument(
        symbol="A/B", venue_symbol="AB", base="A", quote="B",
        tick=Decimal("0.01"), lot=Decimal("0.01"), size_min=Decimal("0.01"), size_max=Decimal(99),
        notional_min=Decimal(0), fee_maker=Decimal(0),
    )  # fmt: skip
    books = Attribution(CurrentInstrument(instrument), position=Decimal(0), cash=Decimal(1000))

    def fill(side: Side, row: str, second: int) -> None:
        size, price, mark, fee = map(Decimal, row.split())
        one = Fill(
            ts_ns=second * NS_PER_S, client_id="q", venue_id="1", trade_id=f"{second}", side=side,
            price=price, size=size, fee=fee, fee_asset="B", is_maker=True,
        )  # fmt: skip
        books.fill(one, mark, second * NS_PER_S)

    fill(Side.BUY, given["buy at second 0: size, price, mark, fee"], 0)
    for second, mark in zip((2, 5), given["marks at seconds 2 and 5"].split(), strict=True):
        books.mark(Decimal(mark), second * NS_PER_S)
    fill(Side.SELL, given["sell at second 7: size, price, mark, fee"], 7)
    books.mark(Decimal(given["mark at second 9"]), 9 * NS_PER_S)
    pnl = books.pnl(None)
    horizons = [side.horizons[5] for side in pnl.sides.values()]
    return {
        "total": float(pnl.total),
        "spread": float(pnl.spread),
        "markout 5 s": float(sum(one.markout for one in horizons)),
        "residual 5 s": float(sum(one.residual for one in horizons)),
        "fees": float(pnl.fees),
    }


EXAMPLES: dict[str, Callable[[Inputs], Outputs]] = {
    "volatility": volatility,
    "intensity": intensity,
    "own-fills": own_fills,
    "first-start": first_start,
    "flow": flow,
    "burst": burst,
    "markout": markout,
    "quote": quote,
    "summary": summary,
    "attribution": attribution,
}


def test_every_example_of_the_page_is_recomputed() -> None:
    assert examples().keys() == EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_printed_outputs_are_what_the_code_computes(name: str) -> None:
    """Each printed number is the computed one, rounded to the printed decimals."""
    given, printed = examples()[name]
    computed = EXAMPLES[name](given)
    assert printed
    for what, number in printed.items():
        decimals = -int(Decimal(number).as_tuple().exponent)
        assert computed[what] == pytest.approx(float(number), abs=0.5001 * 10.0**-decimals), what


def test_every_module_of_the_page_exists() -> None:
    cited = set(re.findall(r"`((?:\w+/)+\w+\.py)`", PAGE.read_text(encoding="utf-8")))
    assert len(cited) > 20
    assert [
        path for path in cited if not any((ROOT / p / path).is_file() for p in ("", "quoter"))
    ] == []


def test_every_setting_of_the_page_exists() -> None:
    cited = set(re.findall(r"QUOTER_([A-Z_]+[A-Z])", PAGE.read_text(encoding="utf-8")))
    assert len(cited) > 20
    assert {name.lower() for name in cited} - Settings.model_fields.keys() == set()


def test_every_cited_heading_is_on_the_page() -> None:
    """Code cites sections as: deploy/docs/strategy.md, "Heading"."""
    page = PAGE.read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (.+)$", page, re.MULTILINE))
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    cited = {
        (path, heading)
        for path in python("quoter/")
        for heading in re.findall(r'docs/strategy\.md,\s+"([^"]+)"', text(path))
    }
    assert len(cited) > 15
    assert {(path, heading) for path, heading in cited if heading not in headings} == set()
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) - anchors == set()
