"""The paper venues send no field that the venue does not, and profiles read none that it lacks.

What a venue sends is taken from outside of this project: from the answers that the source of ccxt
quotes, and, for fields that ccxt does not quote, from the venues' documentation (`DOCUMENTED`).
"""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import ccxt.pro
import pytest

from quoter.venues.profiles import UNIFIED, VenueProfile, profile_of
from tests.integration.paper import bitget, bybit, gate, kraken, okx
from tests.integration.paper.exchange import PaperExchange
from tests.integration.paper.forms import Form, Request, encode
from tests.integration.paper.test_paper_forms import keys, traded
from tests.integration.paper.venues import FORMS

QUOTED_NAME = re.compile(r"""["']?(\w+)["']?\s*:""")
ORDER, STREAM_ORDER = "order in lists", "order in the stream"
TRADE, STREAM_TRADE = "fill in lists", "fill in the stream"
BALANCE = "balance"

# By venue and answer: methods of ccxt whose source quotes it.
QUOTES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "bybit": {
        ORDER: ("parse_order", "fetch_open_orders", "fetch_canceled_and_closed_orders"),
        STREAM_ORDER: ("handle_order",),
        TRADE: ("parse_trade", "fetch_my_trades"),
        STREAM_TRADE: ("handle_my_trades",),
        BALANCE: ("parse_balance", "fetch_balance"),
    },
    "okx": {
        ORDER: ("parse_order", "fetch_order", "fetch_open_orders"),
        STREAM_ORDER: ("handle_orders", "parse_order"),
        TRADE: ("parse_trade", "fetch_my_trades"),
        STREAM_TRADE: ("handle_orders", "handle_my_trades"),
        BALANCE: ("parse_trading_balance", "fetch_balance"),
    },
    "kraken": {
        ORDER: ("parse_order", "fetch_open_orders", "fetch_order"),
        STREAM_ORDER: ("handle_orders", "parse_ws_order"),
        TRADE: ("parse_trade", "fetch_my_trades"),
        STREAM_TRADE: ("handle_my_trades", "parse_ws_trade"),
        BALANCE: ("parse_balance", "fetch_balance"),
    },
    "gate": {
        ORDER: ("parse_order", "fetch_open_orders"),
        STREAM_ORDER: ("handle_order",),
        TRADE: ("parse_trade", "fetch_my_trades"),
        STREAM_TRADE: ("handle_my_trades",),
        BALANCE: ("parse_balance", "fetch_balance"),
    },
    "bitget": {
        ORDER: ("parse_order", "fetch_open_orders", "fetch_order"),
        STREAM_ORDER: ("handle_order", "parse_ws_order"),
        TRADE: ("parse_trade", "fetch_my_trades"),
        STREAM_TRADE: ("handle_my_trades", "parse_ws_trade"),
        BALANCE: ("parse_balance", "fetch_balance"),
    },
}
# What ccxt does not quote, by the venues' documentation or, where it says so, by a recording.
DOCUMENTED: Mapping[str, Mapping[str, str]] = {
    "bybit": {  # docs/v5: order/open-order, order/execution, websocket/private, wallet-balance
        STREAM_ORDER: "isLeverage placeType slLimitPrice smpGroup smpOrderId smpType tpLimitPrice"
        " tpslMode",
        TRADE: "feeCurrency",
        STREAM_TRADE: "feeCurrency closedSize seq",
        BALANCE: "spotHedgingQty collateralSwitch marginCollateral",
    },
    "okx": {  # docs-v5: transaction details (last 3 months), get balance
        BALANCE: "borrowFroz collateralEnabled fixedBal isoUpl spotInUseAmt stgyEq",
        TRADE: "feeRate fillFwdPx fillIdxPx fillMarkPx fillMarkVol fillPnl fillPxUsd fillPxVol"
        " fillTime subType",
    },
    "kraken": {  # docs.kraken.com: spot-websocket-v2/executions, get-trades-history
        STREAM_ORDER: "cl_ord_id post_only",
        TRADE: "aclass ledgers",
        STREAM_TRADE: "ext_ord_id",
    },
    "gate": {  # apiv4: list spot accounts; apiv4/ws: user trades channel; lists: ccxt's recordings
        BALANCE: "update_id",
        ORDER: "gt_maker_fee gt_taker_fee",
        TRADE: "amend_text sequence_id text",
        STREAM_TRADE: "id user_id order_id currency_pair create_time create_time_ms side amount"
        " role price fee fee_currency point_fee gt_fee text id_market",
    },
    "bitget": {},
}
BALANCES = {
    "bybit": "GET /v5/account/wallet-balance",
    "okx": "GET /api/v5/account/balance",
    "kraken": "POST /0/private/BalanceEx",
    "gate": "GET /api/v4/spot/accounts",
    "bitget": "GET /api/v2/spot/account/assets",
}


@cache
def quoted(exchange: str, answer: str) -> frozenset[str]:
    """Return the names of the fields that a venue sends, as ccxt or the documentation has them."""
    of, found = getattr(ccxt.pro, exchange), set[str]()
    for method in QUOTES[exchange][answer]:
        for line in inspect.getsource(getattr(of, method, inspect)).splitlines():
            if line.lstrip().startswith("#"):
                found |= set(QUOTED_NAME.findall(line))
    return frozenset(found) | frozenset(DOCUMENTED[exchange].get(answer, "").split())


@dataclass(frozen=True, slots=True)
class Sent:
    """Rows of one paper venue, by answer."""

    rows: Mapping[str, object]

    def names(self, answer: str) -> set[str]:
        """Return the names of all fields of an answer's row, nested ones too."""
        return {path.rpartition(".")[2] for path in keys(self.rows[answer])}


def balances(form: type[Form]) -> object:
    """Return a venue's answer with the account's balances."""
    venue = form(PaperExchange(new_id=form.venue_id))
    method, _, path = BALANCES[form.exchange].partition(" ")
    answer = venue.routes[f"{method} {path}"].answer(Request(method, "", path, "", "", {}))
    if isinstance(answer, dict) and isinstance(rows := answer.get("result"), dict):
        return list(rows.values())  # Kraken: an object by coin
    return answer


def sent(form: type[Form]) -> Sent:
    """Return a row of each answer about an order that has traded."""
    order, trade = traded(form)
    stream = {
        "bybit": ([bybit.ORDER], [bybit.STREAM_TRADE]),
        "okx": ([okx.STREAM_ORDER], [okx.FILL]),
        "kraken": (
            [kraken.PENDING_NEW, kraken.NEW, kraken.CANCELED, kraken.FILLED, kraken.SNAPSHOT_ORDER],
            [kraken.EXECUTION],
        ),
        "gate": ([gate.STREAM_ORDER], [gate.STREAM_TRADE]),
        "bitget": ([bitget.STREAM_ORDER], [bitget.STREAM_TRADE]),
    }
    lists = {
        "bybit": ([bybit.ORDER], bybit.TRADE),
        "okx": ([okx.ORDER], okx.TRADE),
        "kraken": ([kraken.ORDER, kraken.ENDED], kraken.TRADE),
        "gate": ([gate.ORDER], gate.TRADE),
        "bitget": ([bitget.OPEN_ORDER, bitget.ORDER], bitget.TRADE),
    }
    name = form.exchange
    return Sent(
        {
            ORDER: [encode(table, order) for table in lists[name][0]],
            STREAM_ORDER: [encode(table, order) for table in stream[name][0]],
            TRADE: encode(lists[name][1], trade),
            STREAM_TRADE: [encode(table, trade) for table in stream[name][1]],
            BALANCE: balances(form),
        }
    )


@pytest.mark.parametrize("answer", [ORDER, STREAM_ORDER, TRADE, STREAM_TRADE, BALANCE])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.exchange)
def test_every_field_that_is_sent_is_one_of_the_venue(form: type[Form], answer: str) -> None:
    known = quoted(form.exchange, answer)
    assert known
    assert sent(form).names(answer) <= known, sorted(sent(form).names(answer) - known)


def read_by(profile: VenueProfile) -> Mapping[str, list[tuple[str, ...]]]:
    """Return, by answer, alternative paths of each value that quoter reads."""
    assert profile.ids is not None
    assert profile.balances is not None
    ids = [profile.ids.row_fields] if UNIFIED not in profile.ids.row_fields else []
    orders = [*profile.order_fields.values(), *ids]
    fills = [*profile.trade_fields.values(), tuple(fee.amount for fee in profile.fees)]
    held = profile.balances
    return {
        ORDER: orders,
        STREAM_ORDER: orders,
        TRADE: fills,
        STREAM_TRADE: fills,
        BALANCE: [(held.free or held.total,), *((name,) for name in held.locked)],
    }


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.exchange)
def test_every_value_that_is_read_has_a_field_of_the_venue(form: type[Form]) -> None:
    profile = profile_of(form.exchange)
    for answer, values in read_by(profile).items():
        known = quoted(form.exchange, answer)
        for paths in values:
            names = {path.rpartition(".")[2] for path in paths}
            assert names & known, (answer, paths)
