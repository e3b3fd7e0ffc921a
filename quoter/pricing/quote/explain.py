"""Explanation of a quote: every term in price and in basis points, with a sentence."""

from typing import NamedTuple

from quoter.domain.number_text import plain
from quoter.domain.quotes import Clamp, QuoteTerms
from quoter.domain.units import BPS
from quoter.pricing.quote.terms import Bound

SIDE_NAMES = ("bid_", "ask_")
BOUND_SENTENCES: dict[str, str] = {
    Bound.SLOPE_MIN: "Minimum skew per lot, so that inventory does not drift to its limit.",
    Bound.SLOPE_MAX: "Maximum skew per lot; above it the closed form is inaccurate.",
    Bound.ALPHA_MAX: "Maximum move of the quotes by the flow alpha.",
    Bound.MARKOUT_COST_MAX: "Maximum distance added by the losses of this side's fills.",
    Bound.MIDDLE: "Minimum distance from fair value: a fifth of the half-spread.",
    Bound.SPREAD_MIN: "Minimum distance from fair value: half the minimum spread.",
    Bound.STALE: "Minimum distance in a volatile market: the price moves before we can follow.",
    Bound.UNWIND: "Minimum distance of the unwinding side in a reduce-only market.",
    Bound.REGIME: "Reduce-only market: a fill here would not reduce inventory, so the side is off.",
    Bound.SPREAD_MAX: "Farther from fair value than half the maximum spread: the side is off.",
    Bound.SIDE_LIMIT: "Inventory (here in lots) is at its limit: the side that adds to it is off.",
}


class Row(NamedTuple):
    """One line of an explanation; `bps` is None where the value is not a price distance."""

    name: str
    value: float
    bps: float | None
    sentence: str


def explain(terms: QuoteTerms) -> tuple[Row, ...]:
    """Return the rows from inputs to bid and ask, before rounding to ticks.

    Values as in QuoteTerms: prices and distances quote/base. A side that is off has no price row;
    the clamp that switched it off has one.
    """
    return _input_rows(terms) + _centre_rows(terms) + _side_rows(terms) + _clamp_rows(terms)


def inventory_sentence(lots: float) -> str:
    """Return a sentence on how an inventory of `lots` moves both quotes, and why."""
    if lots > 0.0:
        return (
            f"Long {plain(lots)} lots: the reservation price is BELOW fair value and both quotes"
            " move down, so that we sell sooner and buy later."
        )
    if lots < 0.0:
        return (
            f"Short {plain(-lots)} lots: the reservation price is ABOVE fair value and both"
            " quotes move up, so that we buy sooner and sell later."
        )
    return "Inventory is on target: the reservation price equals fair value."


def _price(terms: QuoteTerms, name: str, value: float, sentence: str) -> Row:
    return Row(name, value, value / terms.inputs.fair / BPS, sentence)


def _input_rows(terms: QuoteTerms) -> tuple[Row, ...]:
    inputs = terms.inputs
    mode = (
        "Stationary model without a horizon."
        if inputs.tau_s is None
        else f"Horizon {plain(inputs.tau_s)} s."
    )
    if inputs.tau_s is None and inputs.bounded is not None:
        mode = "Exact stationary model with an inventory limit."
    return (
        Row("fair", inputs.fair, None, "Fair value, from the book without our own orders."),
        _price(terms, "sigma", inputs.sigma, "Volatility, price per square root of a second."),
        _price(
            terms,
            "depth",
            1.0 / inputs.kappa,
            "1/kappa: at this much more distance, the fill rate falls to 37 %.",
        ),
        Row("intensity", inputs.intensity, None, "A: fills per second and side at distance zero."),
        Row(
            "fill_factor",
            inputs.fill_factor,
            None,
            "Factor of A: our own fills over the expected ones (queue and latency).",
        ),
        Row("gamma_lot", inputs.gamma_lot, None, f"Risk aversion per lot, 1/price. {mode}"),
        Row(
            "lots",
            inputs.lots,
            None,
            f"Inventory minus target, in order sizes; the limit is {plain(inputs.lots_max)}.",
        ),
    )


def _centre_rows(terms: QuoteTerms) -> tuple[Row, ...]:
    is_exact = terms.inputs.bounded is not None and terms.inputs.tau_s is None
    which, law = ("the first", "by the exact model") if is_exact else ("a", "-lots * slope")
    rows = [
        _price(terms, "slope", terms.slope, f"Move of both quotes for {which} lot of inventory."),
        _price(terms, "skew", 0.0 - terms.skew, f"Reservation price minus fair value: {law}."),
        Row(
            "reservation_price",
            terms.reservation_price,
            None,
            inventory_sentence(terms.inputs.lots),
        ),
        _price(
            terms,
            "base_half_spread",
            terms.base_half_spread,
            "Half-spread without inventory risk: ln(1 + gamma/kappa)/gamma.",
        ),
        _price(terms, "half_spread", terms.half_spread, "base_half_spread plus half a slope."),
    ]
    if terms.boundary:
        sentence = "Added to both sides by the exact model near the inventory limit."
        rows.append(_price(terms, "boundary", terms.boundary, sentence))
    if terms.tick_bound:
        sentence = "One tick is more than our half-spread: rounding determines the distance."
        rows.append(_price(terms, "tick_bound", terms.inputs.tick, sentence))
    return tuple(rows)


def _side_rows(terms: QuoteTerms) -> tuple[Row, ...]:
    inputs = terms.inputs
    lost = "Mean loss of our own {} within 5 s, as a cost of this side."
    rows = [
        _price(terms, "cost_bid", inputs.cost_bid, "Fee and expected adverse move of a buy."),
        _price(terms, "cost_ask", inputs.cost_ask, "Fee and expected adverse move of a sell."),
        _price(terms, "markout_cost_bid", terms.markout_cost_bid, lost.format("buys")),
        _price(terms, "markout_cost_ask", terms.markout_cost_ask, lost.format("sells")),
        _price(terms, "widening_bid", terms.widening_bid, _widening_sentence(inputs.lots > 0.0)),
        _price(terms, "widening_ask", terms.widening_ask, _widening_sentence(inputs.lots < 0.0)),
        _price(terms, "alpha_bid", terms.alpha_bid, _alpha_sentence(-inputs.alpha)),
        _price(terms, "alpha_ask", terms.alpha_ask, _alpha_sentence(inputs.alpha)),
        _price(
            terms,
            "extra",
            terms.extra,
            f"Half-spread times {plain(inputs.multiplier)}: cold estimates or a WIDE market.",
        ),
    ]
    if inputs.size_factor != 1.0:
        sentence = "Factor of every order's size, because the market is volatile."
        rows.append(Row("size_factor", inputs.size_factor, None, sentence))
    if terms.delta_bid is not None:
        rows.append(_price(terms, "delta_bid", terms.delta_bid, "Fair value minus bid."))
        rows.append(
            Row("bid", inputs.fair - terms.delta_bid, None, "Our bid, before rounding down.")
        )
    if terms.delta_ask is not None:
        rows.append(_price(terms, "delta_ask", terms.delta_ask, "Ask minus fair value."))
        rows.append(Row("ask", inputs.fair + terms.delta_ask, None, "Our ask, before rounding up."))
    return tuple(rows)


def _alpha_sentence(towards: float) -> str:
    """Return the sentence for one side; `towards` > 0: the flow predicts a move towards it."""
    if towards > 0.0:
        return "The flow predicts a move towards this side: the quote moves away twice as far."
    if towards < 0.0:
        return "The flow predicts a move away from this side: the quote follows."
    return "The flow predicts no move."


def _widening_sentence(is_exposed: bool) -> str:
    if is_exposed:
        return "Exposed side: a fill here adds to inventory, so it is quoted farther out."
    return "A fill here does not add to inventory."


def _clamp_rows(terms: QuoteTerms) -> tuple[Row, ...]:
    return tuple(_clamp_row(terms, clamp) for clamp in terms.clamps)


def _clamp_row(terms: QuoteTerms, clamp: Clamp) -> Row:
    bound = clamp.name
    for side in SIDE_NAMES:
        bound = bound.removeprefix(side)
    figures = f"Was {plain(clamp.before)}, the bound is {plain(clamp.after)}."
    sentence = f"{figures} {BOUND_SENTENCES[bound]}"
    name = f"clamp_{clamp.name}"
    if bound in {Bound.SIDE_LIMIT, Bound.REGIME}:
        return Row(name, clamp.after, None, sentence)
    return _price(terms, name, clamp.after, sentence)
