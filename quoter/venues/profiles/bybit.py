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
    filled_words={"orderStatus": "Filled"},  # not PartiallyFilledCanceled
    # One sign on both paths. Lists call the coin `feeCurrency`, the stream `feeCoin`. `extraFees`
    # are taxes of some countries, taken besides, in coins of their own.
    fees=(
        FeeForm(
            amount="execFee", asset="feeCurrency", other_asset="feeCoin", besides=("extraFees",)
        ),
    ),
    errors={
        "170142": "OrderNotFound",  # it has been cancelled
        "170143": "OrderNotFound",  # it is not on the order book
        # the order may exist, where ccxt's class says that the venue refused it
        "10014": "DuplicateOrderId",
        "12141": "DuplicateOrderId",
        "30001": "DuplicateOrderId",
        "110030": "DuplicateOrderId",
        "110072": "DuplicateOrderId",
        "140030": "DuplicateOrderId",
        "170141": "DuplicateOrderId",
        "170035": "OperationFailed",  # submitted to the system for processing
        "170144": "OperationFailed",  # the order has been locked
        "170146": "RequestTimeout",  # of the creation of an order
        "170147": "RequestTimeout",  # of a cancel
        "170191": "OperationFailed",  # can't cancel, try again later
        "170195": "OperationFailed",  # the order may not be filled
        "170196": "OperationFailed",
        # it has ended
        "170139": "OrderNotFound",
        "170190": "OrderNotFound",
        "30032": "OrderNotFound",
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
        # an empty orderId besides it might count: Bybit reads orderId first
        cancel=ById(field="orderLinkId", param="orderLinkId", no_venue_id=None),
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
