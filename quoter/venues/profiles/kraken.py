"""Kraken spot.

Documentation: docs.kraken.com/api (add order, cancel order, query orders info, open orders, closed
orders, trades history; websocket v2: executions).
"""

from quoter.domain.errors import KeyFault
from quoter.venues.profiles.forms import AnswerForm, BalanceForm, FeeForm
from quoter.venues.profiles.limits import Counter, RequestLimits
from quoter.venues.profiles.profile import (
    ById,
    ClientIds,
    PageBy,
    Paging,
    VenueProfile,
)

_CANCEL_COSTS = ((5.0, 8.0), (10.0, 6.0), (15.0, 5.0), (45.0, 4.0), (90.0, 2.0), (300.0, 1.0))
# By the account's tier: docs.kraken.com/exchange/guides, rest/ratelimits and general/ratelimits.
LIMITS = {
    name: RequestLimits(
        reads=Counter(most=reads, decay_per_s=reads_per_s),
        orders=Counter(most=orders, decay_per_s=orders_per_s),
        cancel_costs=_CANCEL_COSTS,
    )
    for name, reads, reads_per_s, orders, orders_per_s in (
        ("starter", 15.0, 0.33, 60.0, 1.0),
        ("intermediate", 20.0, 0.5, 125.0, 2.34),
        ("pro", 20.0, 1.0, 180.0, 3.75),
    )
}

KRAKEN = VenueProfile(
    name="kraken",
    family="kraken",
    key_errors={
        "EAPI:Invalid key": KeyFault.KEY,
        "EAPI:Invalid signature": KeyFault.SECRET,
        "EGeneral:Permission denied": KeyFault.PERMISSION,
    },
    maker_fee_call="fetch_trading_fee",
    no_test_system="its demo has futures only, and quoter trades spot",
    refusal=(
        "its request limits (those of an account's first tier are assumed) let both quotes be "
        "replaced every 12 s only, and it was tested against a local imitation only"
    ),
    # Ask for fees in the quote coin: lists of trades count fees in it, without naming it.
    create_params={"oflags": "fciq"},
    order_fields={
        "price": ("limit_price", "descr.price"),
        "amount": ("vol", "order_qty"),
        "filled": ("vol_exec", "cum_qty"),  # ccxt reads none from the stream
    },
    trade_fields={"price": ("last_price", "price"), "amount": ("last_qty", "vol")},
    side_fields=("side", "type"),  # stream, lists
    filled_words={"order_status": "filled", "status": "closed"},
    # the stream names the coin; lists give the fee in the quote coin, which ccxt fills in
    fees=(FeeForm(rows="fees", amount="qty", asset="asset"), FeeForm(amount="fee")),
    errors={
        "EOrder:Post only order": "OrderImmediatelyFillable",
        "EOrder:Unknown order": "OrderNotFound",
        "EAPI:Invalid signature": "AuthenticationError",
    },
    answers=AnswerForm(
        code="error",
        content="result",
        lists={
            "/OpenOrders": "result.open",
            "/ClosedOrders": "result.closed",
            "/TradesHistory": "result.trades",
        },
    ),
    balances=BalanceForm(rows="result", coin="", total="balance", locked=("hold_trade",)),
    ids=ClientIds(
        create_field="cl_ord_id",
        # ccxt reads `order_userref` from the stream and `userref` from lists: both are numbers
        row_fields=("cl_ord_id",),
        cancel=ById(field="cl_ord_id"),
        # QueryOrders takes the venue's ids only. Open orders first: an order may end in between.
        query=ById(field="cl_ord_id", lists=("fetch_open_orders", "fetch_closed_orders")),
    ),
    limits=LIMITS["starter"],
    clock_step_ms=1000,
    weights={"trades": 2.0},
    has_nonces=True,
    post_reads=frozenset(
        {"Balance", "BalanceEx", "OpenOrders", "ClosedOrders", "QueryOrders", "TradesHistory"}
        | {"GetApiKeyInfo", "GetWebSocketsToken", "TradeVolume"}
    ),
    open_orders=Paging(),  # always whole, in one answer
    trades=Paging(
        by=PageBy.OFFSET,
        param="ofs",
        full_page=50,
        all_symbols=True,
        start_param="start",
        time_unit_ms=1000,
    ),
)
