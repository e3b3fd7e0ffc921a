"""Binance spot, and Binance US with the same protocol."""

from quoter.venues.profiles.forms import BalanceForm, FeeForm
from quoter.venues.profiles.profile import (
    UNIFIED,
    ById,
    ClientIds,
    FeedUrls,
    Paging,
    VenueProfile,
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


def _binance(name: str, *, rest_host: str, stream_host: str, ws_api_host: str) -> VenueProfile:
    testnet = ("testnet", "stream.testnet", "ws-api.testnet")
    return VenueProfile(
        name=name,
        family="binance",
        refusal="",
        feed_urls={
            "testnet": _TESTNET,
            "production": FeedUrls(
                rest=f"https://{rest_host}/api/v3", stream=f"wss://{stream_host}:9443/stream"
            ),
        },
        hosts={
            "testnet": frozenset(f"{host}.binance.vision" for host in testnet),
            "production": frozenset({rest_host, stream_host, ws_api_host}),
        },
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
        fees=_FEES,
        balances=_BALANCES,
        ids=ClientIds(
            create_field="newClientOrderId",
            # in the event of a cancel, "c" is the id of the cancel; ccxt reads "C" there
            row_fields=(UNIFIED, "c"),
            cancel=ById(field="origClientOrderId"),
            query=ById(field="origClientOrderId"),
        ),
        open_orders=Paging(),  # always whole, in one answer
        weights={
            "query": 4.0,
            "open_orders": 6.0,
            "trades": 20.0,
            "balances": 20.0,
            "coin_price": 5.0,
        },
        authenticates_first=True,
        has_window=True,
        trades_page_by_id=True,
        has_single_symbol_rules=True,
    )


BINANCE = _binance(
    "binance",
    rest_host="api.binance.com",
    stream_host="stream.binance.com",
    ws_api_host="ws-api.binance.com",
)
BINANCE_US = _binance(
    "binanceus",
    rest_host="api.binance.us",
    stream_host="stream.binance.us",
    ws_api_host="ws-api.binance.us",
)
