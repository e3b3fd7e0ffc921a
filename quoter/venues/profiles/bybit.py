"""Bybit v5, spot of a unified account.

Documentation: bybit-exchange.github.io/docs/v5 (order/create-order, order/cancel-order,
order/open-order, order/order-list, order/execution).
"""

from quoter.domain.errors import KeyFault
from quoter.venues.profiles.forms import AnswerForm, BalanceForm, BookSequence, FeeForm
from quoter.venues.profiles.profile import (
    UNSEEN,
    ById,
    ClientIds,
    PageBy,
    Paging,
    VenueProfile,
    VenueSystem,
)

BYBIT = VenueProfile(
    name="bybit",
    family="bybit",
    key_errors={
        "10003": KeyFault.KEY,
        "33004": KeyFault.KEY,
        "10004": KeyFault.SECRET,
        "10005": KeyFault.PERMISSION,
        "10010": KeyFault.ADDRESS,
    },
    maker_fee_call="fetch_trading_fee",
    # v5/demo: the public streams of the demo are those of production
    systems={
        "testnet": VenueSystem(
            hosts=frozenset({"api-testnet.bybit.com", "stream-testnet.bybit.com"})
        ),
        "demo": VenueSystem(
            switch="enable_demo_trading",
            hosts=frozenset({"api-demo.bybit.com", "stream-demo.bybit.com", "stream.bybit.com"}),
        ),
    },
    refusal=UNSEEN,
    trial_environments=frozenset({"testnet", "demo"}),
    order_fields={"price": ("price",), "amount": ("qty",), "filled": ("cumExecQty",)},
    trade_fields={
        "price": ("execPrice",),
        "amount": ("execQty",),
    },
    side_fields=("side",),
    # one sign on both paths; the stream calls the coin `feeCoin`, lists `feeCurrency`
    fees=(FeeForm(amount="execFee", asset="feeCurrency"),),
    errors={
        "170142": "OrderNotFound",  # it has been cancelled
        "170143": "OrderNotFound",  # it is not on the order book
    },
    answers=AnswerForm(
        code="retCode",
        good="0",
        content="result",
        lists={
            "/order/realtime": "result.list",
            "/order/history": "result.list",
            "/execution/list": "result.list",
            "/account/wallet-balance": "result.list",
        },
    ),
    balances=BalanceForm(
        rows="result.list.0.coin", coin="coin", total="walletBalance", locked=("locked",)
    ),
    market_id="{base}{quote}",
    ids=ClientIds(
        create_field="orderLinkId",
        row_fields=("orderLinkId",),
        cancel=ById(field="orderLinkId", param="orderLinkId"),
        # ccxt's fetch_order has no request by orderLinkId, and refuses unified accounts unless a
        # warning is acknowledged. Open orders first: an order may end between the two lists.
        query=ById(
            field="orderLinkId",
            param="orderLinkId",
            lists=("fetch_open_orders", "fetch_canceled_and_closed_orders"),
            venue_id_param="orderId",
        ),
    ),
    # one number a message; a restart of the service begins again with a whole book
    book=BookSequence(row="data", kind="type", whole="snapshot", last="u", first="u"),
    open_orders=Paging(
        by=PageBy.CURSOR, param="cursor", field="nextPageCursor", limit=50, full_page=20
    ),
    trades=Paging(
        by=PageBy.CURSOR,
        param="cursor",
        field="nextPageCursor",
        limit=100,
        full_page=50,
        start_param="startTime",
        end_param="endTime",
        window_days=7,
    ),
)
