"""A quote explained: offline, and from a running daemon."""

import io
import re
from copy import replace

import pytest
from rich.console import Console, RenderableType

from quoter.cli.explain import Market, NothingToExplain, explain_live, explain_market
from quoter.domain.errors import InvalidInput
from quoter.domain.trading import Cause
from quoter.pricing.quote.shape import QuoteShape
from quoter.service.http.state_view import Json, state_view
from tests.unit.telemetry.samples import QUOTE, empty, snapshot

MARKET = Market(
    mid=60_000,
    sigma_bps=1.4,
    depth_bps=1.1,
    intensity=0.3,
    inventory=0.02,
    order_size=0.005,
    inventory_max=0.05,
    gamma=1,
    fee_bps=0,
    adverse_bps=0,
    tau_s=None,
)


def text(what: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=140, color_system=None)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def figure(shown: str, name: str) -> float:
    rows = [[cell.strip() for cell in line.split("│")] for line in shown.splitlines()]
    (value,) = [row[2] for row in rows if row[1:2] == [name]]
    return float(value)


def test_options_are_converted_to_the_units_of_the_terms() -> None:
    shown = text(explain_market(MARKET, QuoteShape()))
    assert figure(shown, "sigma") == pytest.approx(8.4)
    assert figure(shown, "depth") == pytest.approx(6.6)
    assert figure(shown, "lots") == 4


def test_long_lowers_and_short_raises_the_reservation_price() -> None:
    long = text(explain_market(MARKET, QuoteShape()))
    short = text(explain_market(replace(MARKET, inventory=-0.02), QuoteShape()))
    assert figure(long, "reservation_price") < 60_000 < figure(short, "reservation_price")


def test_a_gamma_that_saturates_gives_a_warning() -> None:
    assert "has no effect" in text(explain_market(replace(MARKET, gamma=1e3), QuoteShape()))


@pytest.mark.parametrize("name", ["mid", "depth_bps", "order_size", "sigma_bps", "intensity"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_number_outside_its_domain_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidInput):
        explain_market(replace(MARKET, **{name: value}), QuoteShape())


def state_reply(**changes: object) -> dict[str, Json]:
    """Return a daemon's reply to GET /state."""
    return state_view(snapshot(**changes), about={"environment": "sandbox", "symbol": "[BTC]/USDT"})


def test_the_quote_of_a_running_daemon_is_explained() -> None:
    shown = text(explain_live(state_reply()))
    assert "requote_hold_s" in shown
    assert "[BTC]/USDT (sandbox)" in shown
    assert figure(shown, "reservation_price") == 59_999


def test_without_a_quote_the_error_names_the_state() -> None:
    with pytest.raises(NothingToExplain, match="no quote at the moment: RUNNING"):
        explain_live(state_reply(quote=empty().quote))
    with pytest.raises(NothingToExplain, match="no quote at the moment"):
        explain_live(state_reply(quote=replace(QUOTE, terms=None)))
    stale = state_reply(quote=empty().quote, causes={Cause.BOOK_STALE: "no update"})
    with pytest.raises(NothingToExplain, match="RUNNING; book_stale: no update"):
        explain_live(stale)


def test_small_figures_have_no_exponent() -> None:
    """Exponents such as `1.2e-05` are hard to read."""
    small = replace(MARKET, mid=0.00001234, order_size=1e6, inventory_max=1e7, inventory=20)
    shown = text(explain_market(small, QuoteShape()))
    assert "0.00001234" in shown
    assert "0.00002 lots" in shown
    assert not re.search(r"[0-9]e[+-]?[0-9]", shown)


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"inputs": {}, "clamps": []},
        {"inputs": {"fair": "x"}, "clamps": [1]},
    ],
)
def test_terms_in_an_unknown_format_are_an_error(terms: Json) -> None:
    with pytest.raises(NothingToExplain, match="this version of quoter does not know"):
        explain_live({"quote": {"terms": terms}})


def test_terms_of_another_version_are_an_error() -> None:
    quote = state_reply()["quote"]
    assert isinstance(quote, dict)
    terms = quote["terms"]
    assert isinstance(terms, dict)
    clamps: list[Json] = [{"name": "bid_unknown", "before": 1.0, "after": 2.0}]
    for change in ({"clamps": clamps}, {"slope": "steep"}, {"half_spread": None}):
        with pytest.raises(NothingToExplain, match="this version of quoter does not know"):
            explain_live({"quote": {"terms": {**terms, **change}}})
