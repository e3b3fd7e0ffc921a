"""The terms of a quote as fields of the log line `quote_terms`."""

from quoter.domain.number_text import plain
from quoter.domain.quotes import Quote, QuoteTerms, TwoSidedQuote

DIGITS = 8  # significant digits; more would only show noise
LEVELS_MAX = 10  # levels per side
CLAMPS_MAX = 20
NESTED = frozenset({"inputs", "bounded", "clamps"})  # not scalar: written separately or not at all

type LogValue = float | bool | str | list[str] | None


def quote_fields(quote: TwoSidedQuote) -> dict[str, LogValue]:
    """Return the fields for the log; empty if no quote was computed.

    Estimates are numbers and money is text; units as in PricingInputs and QuoteTerms. The field of
    a clamped input has the clamped value; `clamps` has the values before and after.
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


def _terms(terms: QuoteTerms) -> dict[str, LogValue]:
    """Return every scalar field under its own name, so that no new field is forgotten."""
    values: dict[str, LogValue] = {}
    for part in (terms.inputs, terms):
        for name, value in part._asdict().items():
            if name not in NESTED:
                values[name] = _short(value)
    return values


def _short(value: float | bool | None) -> float | bool | None:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _prices(side: tuple[Quote, ...]) -> list[str]:
    return [plain(level.price) for level in side[:LEVELS_MAX]]


def _sizes(side: tuple[Quote, ...]) -> list[str]:
    return [plain(level.size) for level in side[:LEVELS_MAX]]
