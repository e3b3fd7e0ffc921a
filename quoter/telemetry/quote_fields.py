"""Why this quote: every term that led to it, flat, as fields of one log line."""

from dataclasses import fields

from quoter.domain.quotes import Quote, QuoteTerms, TwoSidedQuote

DIGITS = 8  # significant ones; more are noise of an estimate
LEVELS_MAX = 10  # of a side
CLAMPS_MAX = 20
NESTED = frozenset({"inputs", "bounded", "clamps"})  # themselves, or tables: told another way
SHORT = {"reservation_price": "r"}

type Told = float | bool | str | list[str] | None


def why(quote: TwoSidedQuote) -> dict[str, Told]:
    """Fields for the log, empty if nothing was computed.

    Estimates are numbers, money is text; units as in PricingInputs and QuoteTerms. Where an input
    was bounded its field is the bounded one, and the clamp tells what it was before.
    """
    terms = quote.terms
    if terms is None:
        return {}
    return _terms(terms) | {
        "clamps": [
            f"{clamp.name}:{clamp.before:.{DIGITS}g}->{clamp.after:.{DIGITS}g}"
            for clamp in terms.clamps[:CLAMPS_MAX]
        ],
        "bid_prices": _prices(quote.bids),
        "bid_sizes": _sizes(quote.bids),
        "ask_prices": _prices(quote.asks),
        "ask_sizes": _sizes(quote.asks),
        "off": [f"{off.side}:{off.reason}" for off in quote.off],
    }


def _terms(terms: QuoteTerms) -> dict[str, Told]:
    """Every field by its own name, so that none can be forgotten."""
    told: dict[str, Told] = {}
    for part in (terms.inputs, terms):
        for field in fields(part):
            if field.name not in NESTED:
                name = SHORT.get(field.name, field.name)
                told[name] = _short(getattr(part, field.name))
    return told


def _short(value: float | bool | None) -> float | bool | None:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _prices(side: tuple[Quote, ...]) -> list[str]:
    return [str(wanted.price) for wanted in side[:LEVELS_MAX]]


def _sizes(side: tuple[Quote, ...]) -> list[str]:
    return [str(wanted.size) for wanted in side[:LEVELS_MAX]]
