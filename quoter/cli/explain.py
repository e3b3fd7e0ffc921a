"""`quoter explain`: explain a quote from given inputs or from a running daemon."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table

from quoter.domain.errors import InvalidInput, QuoterError
from quoter.domain.number_text import plain
from quoter.domain.quotes import Clamp, PricingInputs, QuoteTerms
from quoter.domain.units import BPS
from quoter.pricing.costs import side_cost
from quoter.pricing.quote.explain import Row, explain
from quoter.pricing.quote.normalisation import References, gamma_lot
from quoter.pricing.quote.settings_summary import settings_summary, summary_rows, warnings
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms

DIGITS = 8  # significant digits, e.g. 60000.123
OTHER_VERSION = (
    "the daemon's quote has terms that this version of quoter does not know: run `quoter explain` "
    "of the daemon's version"
)


class NothingToExplain(QuoterError):
    """The daemon's state contains no quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Inputs of `explain`: price in quote per base; sigma and depth (1/kappa) in bps of price."""

    mid: float
    sigma_bps: float  # per sqrt(second)
    depth_bps: float
    intensity: float  # fills per second, each side, at distance zero
    inventory: float  # base
    order_size: float  # base
    inventory_max: float  # base
    gamma: float  # normalised
    fee_bps: float
    adverse_bps: float
    tau_s: float | None


def explain_market(market: Market, shape: QuoteShape) -> RenderableType:
    """Return the quote of the given market, and its settings summary. Raises InvalidInput."""
    for name in ("mid", "depth_bps", "order_size"):
        if not (getattr(market, name) > 0):
            raise InvalidInput(name, getattr(market, name))
    unit = market.mid * BPS
    cost = side_cost(
        fair=market.mid, fee_maker=market.fee_bps * BPS, adverse_bps=market.adverse_bps
    )
    references = References(
        sigma=market.sigma_bps * unit,
        kappa=1 / (market.depth_bps * unit),
        intensity=market.intensity,
        cost=cost,
    )
    lots_max = market.inventory_max / market.order_size
    gamma = gamma_lot(ghat=market.gamma, lots_max=lots_max, references=references)
    terms = quote_terms(
        PricingInputs(
            fair=market.mid,
            sigma=references.sigma,
            kappa=references.kappa,
            intensity=references.intensity,
            gamma_lot=gamma,
            lots=market.inventory / market.order_size,
            lots_max=lots_max,
            cost_bid=cost,
            cost_ask=cost,
            tau_s=market.tau_s,
        ),
        shape,
    )
    summary = settings_summary(
        gamma=gamma,
        lots_max=lots_max,
        references=references,
        fair=market.mid,
        tau_s=market.tau_s,
    )
    return Group(
        table("This quote", explain(terms)),
        table("Settings summary", summary_rows(summary, order_size=market.order_size)),
        *(f"! {warning}" for warning in warnings(summary)),
    )


def explain_live(state: Mapping[str, object]) -> RenderableType:
    """Return the explained quote of a daemon's /state. Raises NothingToExplain."""
    quote = state.get("quote")
    terms = quote.get("terms") if isinstance(quote, Mapping) else None
    if not isinstance(terms, Mapping):
        raise NothingToExplain(f"no quote at the moment: {state.get('trading_state')}{_why(state)}")
    title = escape(f"{state.get('symbol')} ({state.get('environment')})")
    return Group(table(title, _rows(terms)), _live_parameters(state.get("params")))


def _why(state: Mapping[str, object]) -> str:
    """Return the causes of a trading state, for the end of a sentence."""
    causes = state.get("causes")
    given = causes.items() if isinstance(causes, Mapping) else ()
    return "".join(f"; {cause}: {text}" for cause, text in given)


def table(title: str, rows: Iterable[Row]) -> Table:
    """Return a table of rows: value, basis points, explanation."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("term", no_wrap=True)
    shown.add_column("value", justify="right", no_wrap=True)
    shown.add_column("bps", justify="right", no_wrap=True)
    shown.add_column("explanation")
    for row in rows:
        bps = "" if row.bps is None else f"{row.bps:.3f}"
        shown.add_row(escape(row.name), plain(row.value, DIGITS), bps, row.sentence)
    return shown


def _live_parameters(state: object) -> Table:
    """Return a table of the live parameters in force."""
    shown = Table(title="Live parameters in force", title_justify="left")
    shown.add_column("setting", no_wrap=True)
    shown.add_column("value", justify="right")
    for name, value in state.items() if isinstance(state, Mapping) else ():
        figure = plain(value) if isinstance(value, int | float) else escape(str(value))
        shown.add_row(escape(str(name)), figure)
    return shown


def show(what: RenderableType) -> None:
    """Print a table or text to standard output."""
    Console().print(what)


def _rows(state: Mapping[str, object]) -> tuple[Row, ...]:
    """Return one row per term of the quote in a /state reply. Raises NothingToExplain."""
    inputs, clamps = state.get("inputs"), state.get("clamps")
    if not isinstance(inputs, dict) or not isinstance(clamps, list):
        raise NothingToExplain(OTHER_VERSION)
    rest = {name: value for name, value in state.items() if name not in {"inputs", "clamps"}}
    try:
        terms = QuoteTerms(
            inputs=PricingInputs(**inputs),
            clamps=tuple(Clamp(**clamp) for clamp in clamps),
            **rest,  # type: ignore[arg-type]  # checked by the constructor's names
        )
        return explain(terms)
    except (TypeError, ValueError, LookupError, ArithmeticError):
        raise NothingToExplain(OTHER_VERSION) from None
