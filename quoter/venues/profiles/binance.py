"""Binance spot, and Binance US with the same protocol."""

from collections.abc import Mapping

from quoter.domain.errors import KeyFault
from quoter.venues.config import Environment
from quoter.venues.profiles.forms import BalanceForm, FeeForm
from quoter.venues.profiles.profile import (
    UNIFIED,
    ById,
    ClientIds,
    FeedUrls,
    Paging,
    VenueProfile,
    VenueSystem,
)

_TESTNET = FeedUrls(
    rest="https://testnet.binance.vision/api/v3",
    stream="wss://stream.testnet.binance.vision/stream",
)
_FEES = (  # lists, stream
    FeeForm(amount="commission", asset="commissionAsset"),
    FeeForm(amount="n", asset="N"),
)
_BALANCES = BalanceForm(
    rows="balances", coin="asset", free="free", locked=("locked",), lists_every_coin=True
)


_DEMO = FeedUrls(
    rest="https://demo-api.binance.com/api/v3", stream="wss://demo-stream.binance.com/stream"
)
# Demo Mode: developers.binance.com/docs/binance-spot-api-docs/demo-mode
TEST_SYSTEMS: Mapping[Environment, VenueSystem] = {
    "testnet": VenueSystem(
        hosts=frozenset(
            {
                "testnet.binance.vision",
                "stream.testnet.binance.vision",
                "ws-api.testnet.binance.vision",
            }
        )
    ),
    "demo": VenueSystem(
        switch="enable_demo_trading",
        hosts=frozenset(
            {"demo-api.binance.com", "demo-stream.binance.com", "demo-ws-api.binance.com"}
        ),
    ),
}

_IDS = ClientIds(
    create_field="newClientOrderId",
    # in the event of a cancel, "c" is the id of the cancel; ccxt reads "C" there
    row_fields=(UNIFIED, "c"),
    cancel=ById(field="origClientOrderId"),
    query=ById(field="origClientOrderId"),
)


_WEIGHTS = {
    "query": 4.0,
    "open_orders": 6.0,
    "all_open_orders": 80.0,
    "trades": 20.0,
    "balances": 20.0,
    "coin_price": 5.0,
}
KEY_ERRORS = {"-2014": KeyFault.KEY, "-2015": KeyFault.KEY, "-1022": KeyFault.SECRET}


def _binance(
    name: str,
    *,
    rest_host: str,
    stream_host: str,
    ws_api_host: str,
    systems: tuple[Environment, ...],
) -> VenueProfile:
    return VenueProfile(
        name=name,
        family="binance",
        key_errors=KEY_ERRORS,
        refusal="",
        feed_urls={
            "testnet": _TESTNET,
            "demo": _DEMO,
            "production": FeedUrls(
                rest=f"https://{rest_host}/api/v3", stream=f"wss://{stream_host}/stream"
            ),
        },
        hosts=frozenset({rest_host, stream_host, ws_api_host}),
        systems={each: TEST_SYSTEMS[each] for each in systems},
        create_params={"newOrderRespType": "ACK"},
        self_trade="EXPIRE_MAKER",
        order_fields={
            "price": ("price", "p"),
            "amount": ("origQty", "q"),
            "filled": ("executedQty", "z"),
        },
        trade_fields={
            "price": ("price", "L"),
            "amount": ("qty", "l"),
        },
        side_fields=("isBuyer", "S"),
        filled_words={"status": "FILLED", "X": "FILLED"},
        fees=_FEES,
        balances=_BALANCES,
        market_id="{base}{quote}",
        ids=_IDS,
        open_orders=Paging(),  # always whole, in one answer
        weights=_WEIGHTS,
        authenticates_first=True,
        has_window=True,
        trades_page_by_id=True,
        has_filters=True,
        has_single_symbol_rules=True,
    )


BINANCE = _binance(
    "binance",
    rest_host="api.binance.com",
    stream_host="stream.binance.com",
    ws_api_host="ws-api.binance.com",
    systems=("testnet", "demo"),
)
BINANCE_US = _binance(
    "binanceus",
    rest_host="api.binance.us",
    stream_host="stream.binance.us:9443",  # its documentation names no other port
    ws_api_host="ws-api.binance.us",
    systems=("testnet",),
)
