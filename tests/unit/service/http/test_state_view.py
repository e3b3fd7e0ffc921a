"""The JSON of a snapshot."""

import json
from copy import replace
from dataclasses import fields
from decimal import Decimal

import pytest

from quoter.domain.quotes import PricingInputs, QuoteTerms
from quoter.domain.step import Pnl, Snapshot
from quoter.service.http.state_view import LEVELS_MAX, state_view
from tests.unit.telemetry.samples import QUOTE, TERMS, snapshot


def test_the_state_view_is_valid_json() -> None:
    text = json.dumps(state_view(snapshot(), about={"symbol": "BTC/USDT"}), allow_nan=False)
    assert json.loads(text)["symbol"] == "BTC/USDT"


def test_every_term_of_a_quote_is_shown() -> None:
    text = json.dumps(state_view(snapshot(), about={}))
    for name in (*QuoteTerms._fields, *PricingInputs._fields):
        assert f'"{name}"' in text


def test_every_field_of_a_snapshot_is_shown() -> None:
    """A new field must appear, or be listed here as shown in another form."""
    reshaped = {
        "book_ready", "book_ts_ns", "pnl", "inventory_max", "position", "target",
        "exposure_buy", "exposure_sell", "fills_buy", "fills_sell",
    }  # fmt: skip
    text = json.dumps(state_view(snapshot(), about={}))
    for field in fields(Snapshot):
        assert field.name in reshaped or f'"{field.name}"' in text


def test_profit_is_shown_by_side_and_horizon() -> None:
    pnl = state_view(snapshot(), about={})["pnl_quote"]
    assert isinstance(pnl, dict)
    assert pnl.keys() == {field.name for field in fields(Pnl)}
    assert pnl["sides"] == {
        "BUY": {
            "notional": "840",
            "spread": "0.6",
            "fees": "0.03",
            "horizons": {
                "1s": {
                    "markout": "-0.09",
                    "residual": "0.03",
                    "realised_spread_bps": pytest.approx(0.51 / 840 * 1e4),
                },
                "5s": {"markout": "-0.18", "residual": "0.12", "realised_spread_bps": 5.0},
            },
        },
        "SELL": {
            "notional": "0",
            "spread": "0",
            "fees": "0",
            "horizons": {
                "1s": {"markout": "0", "residual": "0", "realised_spread_bps": None},
                "5s": {"markout": "0", "residual": "0", "realised_spread_bps": None},
            },
        },
    }


def test_nan_and_infinity_are_null() -> None:
    terms = replace(TERMS, slope=float("inf"), skew=float("nan"))
    view = state_view(snapshot(quote=replace(QUOTE, terms=terms)), about={})
    text = json.dumps(view, allow_nan=False)
    assert '"slope": null' in text


def test_a_deep_book_is_cut() -> None:
    view = state_view(snapshot(bids=snapshot().bids * 100), about={})
    book = view["book"]
    assert isinstance(book, dict)
    assert isinstance(book["bids"], list)
    assert len(book["bids"]) == LEVELS_MAX


@pytest.mark.parametrize("amount", ["0.1", "1E-8", "0E-18", "1E+6", "123456789.123456789123456789"])
def test_amounts_keep_every_digit_without_an_exponent(amount: str) -> None:
    view = state_view(snapshot(position=Decimal(amount)), about={})
    inventory = view["inventory"]
    assert isinstance(inventory, dict)
    assert Decimal(str(inventory["position_base"])) == Decimal(amount)
    assert "E" not in str(inventory["position_base"])
