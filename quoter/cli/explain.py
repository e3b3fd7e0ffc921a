"""A quote explained in the terminal: from numbers given, or from a daemon that runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table

from quoter.domain.errors import InvalidInput, QuoterError
from quoter.domain.number_text import plain
from quoter.domain.quotes import Clamp, PricingInputs, QuoteTerms
from quoter.pricing.costs import BPS, side_cost
from quoter.pricing.quote.explain import Row, explain
from quoter.pricing.quote.normalisation import References, gamma_lot
from quoter.pricing.quote.settings_summary import settings_summary, summary_rows, warnings
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms

DIGITS = 8  # of a price: to the cent, and a little more


class NothingToExplain(QuoterError):
    """A daemon's state tells of no quote that could be explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What `explain` is told: price quote/base; sigma and depth (1/kappa) in bps of price."""

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
    """The quote of a made-up market, and what its settings mean. Raises InvalidInput."""
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
    meant = settings_summary(
        gamma=gamma,
        lots_max=lots_max,
        references=references,
        fair=market.mid,
        tau_s=market.tau_s,
    )
    return Group(
        table("This quote", explain(terms)),
        table("What the settings mean here", summary_rows(meant, order_size=market.order_size)),
        *(f"! {warning}" for warning in warnings(meant)),
    )


def explain_live(state: Mapping[str, object]) -> RenderableType:
    """The quote of a daemon, as it stands in what its /state tells. Raises NothingToExplain."""
    quote = state.get("quote")
    terms = quote.get("terms") if isinstance(quote, Mapping) else None
    if not isinstance(terms, Mapping):
        raise NothingToExplain(
            f"no quote at the moment: {state.get('trading_state')} {state.get('causes')}"
        )
    title = escape(f"{state.get('symbol')} ({state.get('environment')})")
    return Group(table(title, _rows(terms)), _knobs(state.get("params")))


def table(title: str, rows: Iterable[Row]) -> Table:
    """Rows of an explanation: value, basis points, sentence."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("term", no_wrap=True)
    shown.add_column("value", justify="right", no_wrap=True)
    shown.add_column("bps", justify="right", no_wrap=True)
    shown.add_column("meaning")
    for row in rows:
        bps = "" if row.bps is None else f"{row.bps:.3f}"
        shown.add_row(escape(row.name), plain(row.value, DIGITS), bps, row.sentence)
    return shown


def _knobs(told: object) -> Table:
    """The knobs in force, which may not be those of the start: see `quoter params`."""
    shown = Table(title="Knobs in force", title_justify="left")
    shown.add_column("setting", no_wrap=True)
    shown.add_column("value", justify="right")
    for name, value in told.items() if isinstance(told, Mapping) else ():
        figure = plain(value) if isinstance(value, int | float) else escape(str(value))
        shown.add_row(escape(str(name)), figure)
    return shown


def show(what: RenderableType) -> None:
    """Put it on standard output."""
    Console().print(what)


def _rows(told: Mapping[str, object]) -> tuple[Row, ...]:
    """The terms that `state_view` told, explained."""
    inputs, clamps = told.get("inputs"), told.get("clamps")
    if not isinstance(inputs, dict) or not isinstance(clamps, list):
        raise NothingToExplain("the daemon's terms have another shape: is it of another version?")
    rest = {name: value for name, value in told.items() if name not in {"inputs", "clamps"}}
    try:
        terms = QuoteTerms(
            inputs=PricingInputs(**inputs),
            clamps=tuple(Clamp(**clamp) for clamp in clamps),
            **rest,  # type: ignore[arg-type]  # checked by the constructor's names
        )
        return explain(terms)
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise NothingToExplain(f"the daemon's terms have another shape: {error}") from None
