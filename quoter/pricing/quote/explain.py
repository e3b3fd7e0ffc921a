"""A quote in words: every term with its size in price and in basis points of fair value."""

from typing import NamedTuple

from quoter.domain.number_text import plain
from quoter.domain.quotes import Clamp, QuoteTerms
from quoter.pricing.costs import BPS
from quoter.pricing.quote.terms import Bound

SIDE_NAMES = ("bid_", "ask_")
BOUND_SENTENCES: dict[str, str] = {
    Bound.SLOPE_MIN: "The model wanted less skew per lot; inventory would wander past the limit.",
    Bound.SLOPE_MAX: "The model wanted more skew per lot; beyond this the closed form is no guide.",
    Bound.ALPHA_MAX: "The flow foretold a larger move; no estimate may move quotes farther.",
    Bound.MARKOUT_COST_MAX: "Fills on this side lost more; no estimate may move a side farther.",
    Bound.MIDDLE: "Skew would have brought this side to the middle; it stops a fifth of a half-"
    "spread before.",
    Bound.SPREAD_MIN: "The side would have been nearer to fair than half the minimum spread.",
    Bound.STALE: "The side would have been within reach of a price move we can't follow.",
    Bound.UNWIND: "In this market the side that unwinds stands a second's fast volatility away.",
    Bound.REGIME: "A fill here would not shrink inventory, and in this market only that is wanted:"
    " off.",
    Bound.SPREAD_MAX: "The side would have been farther out than half the maximum spread: off.",
    Bound.SIDE_LIMIT: "Inventory (here in lots) is at its limit: the side that adds to it is off.",
}


class Row(NamedTuple):
    """One line of an explanation; `bps` is None where the value is not a price distance."""

    name: str
    value: float
    bps: float | None
    sentence: str


def explain(terms: QuoteTerms) -> tuple[Row, ...]:
    """Return the rows from inputs to bid and ask, before rounding to ticks; pure rendering.

    Values as in QuoteTerms: prices and distances quote/base. A side that is off has no row of its
    own; the clamp that took it out has.
    """
    return _input_rows(terms) + _centre_rows(terms) + _side_rows(terms) + _clamp_rows(terms)


def inventory_sentence(lots: float) -> str:
    """Say what holding `lots` more than the target does to both quotes, and why."""
    if lots > 0.0:
        return (
            f"Long {plain(lots)} lots: the reservation price lies BELOW fair value and both quotes"
            " move down, so that we sell sooner and buy later."
        )
    if lots < 0.0:
        return (
            f"Short {plain(-lots)} lots: the reservation price lies ABOVE fair value and both"
            " quotes move up, so that we buy sooner and sell later."
        )
    return "Inventory is on target: the reservation price is fair value."


def _price(terms: QuoteTerms, name: str, value: float, sentence: str) -> Row:
    return Row(name, value, value / terms.inputs.fair / BPS, sentence)


def _input_rows(terms: QuoteTerms) -> tuple[Row, ...]:
    inputs = terms.inputs
    mode = (
        "Stationary model: no closing time."
        if inputs.tau_s is None
        else f"Risk is counted over {plain(inputs.tau_s)} s."
    )
    if inputs.tau_s is None and inputs.bounded is not None:
        mode = "Exact model of an inventory with a limit: no closing time."
    return (
        Row("fair", inputs.fair, None, "What one unit is worth: the book without our own orders."),
        _price(terms, "sigma", inputs.sigma, "Volatility, price per square root of a second."),
        _price(
            terms,
            "depth",
            1.0 / inputs.kappa,
            "1/kappa: this much farther out, fills fall to 37 %.",
        ),
        Row("intensity", inputs.intensity, None, "A: fills per second and side at no distance."),
        Row(
            "fill_factor",
            inputs.fill_factor,
            None,
            "A is multiplied by it: our own fills against those foretold (queue and latency).",
        ),
        Row("gamma_lot", inputs.gamma_lot, None, f"Risk aversion per lot, 1/price. {mode}"),
        Row(
            "lots",
            inputs.lots,
            None,
            f"Inventory less target; the limit is {plain(inputs.lots_max)}.",
        ),
    )


def _centre_rows(terms: QuoteTerms) -> tuple[Row, ...]:
    is_exact = terms.inputs.bounded is not None and terms.inputs.tau_s is None
    which, law = ("the first", "by the exact model") if is_exact else ("one", "-lots * slope")
    rows = [
        _price(terms, "slope", terms.slope, f"How far {which} lot of inventory moves both quotes."),
        _price(terms, "skew", 0.0 - terms.skew, f"Reservation less fair value: {law}."),
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
            "What a maker without inventory risk asks: ln(1 + gamma/kappa)/gamma.",
        ),
        _price(terms, "half_spread", terms.half_spread, "The same plus half a slope."),
    ]
    if terms.boundary:
        sentence = "What the exact model adds to both sides as the limit comes near."
        rows.append(_price(terms, "boundary", terms.boundary, sentence))
    if terms.tick_bound:
        sentence = "One tick is more than our half-spread: rounding to the grid decides."
        rows.append(_price(terms, "tick_bound", terms.inputs.tick, sentence))
    return tuple(rows)


def _side_rows(terms: QuoteTerms) -> tuple[Row, ...]:
    inputs = terms.inputs
    lost = "What our own {} lost soon after, as a cost of this side."
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
            f"Half-spread times {plain(inputs.multiplier)} for caution.",
        ),
    ]
    if inputs.size_factor != 1.0:
        sentence = "Every order is this share of its usual size: the market is not calm."
        rows.append(Row("size_factor", inputs.size_factor, None, sentence))
    if terms.delta_bid is not None:
        rows.append(_price(terms, "delta_bid", terms.delta_bid, "Fair value less bid."))
        rows.append(
            Row("bid", inputs.fair - terms.delta_bid, None, "We buy here, or a tick under.")
        )
    if terms.delta_ask is not None:
        rows.append(_price(terms, "delta_ask", terms.delta_ask, "Ask less fair value."))
        rows.append(
            Row("ask", inputs.fair + terms.delta_ask, None, "We sell here, or a tick over.")
        )
    return tuple(rows)


def _alpha_sentence(towards: float) -> str:
    """`towards` > 0: the flow foretells a move that runs over this side."""
    if towards > 0.0:
        return "The flow foretells a move over this side: it steps back twice as far."
    if towards < 0.0:
        return "The flow foretells a move away from this side: it follows."
    return "The flow foretells nothing."


def _widening_sentence(is_exposed: bool) -> str:
    if is_exposed:
        return "The exposed side: a fill here adds to inventory, so it stands farther out."
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
