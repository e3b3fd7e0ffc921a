"""Gate v4 spot.

Documentation: gate.com/docs/developers/apiv4 (create an order, cancel a single order, get a single
order, list all open orders, list personal trading history).
"""

from quoter.domain.errors import KeyFault
from quoter.venues.profiles.forms import AnswerForm, BalanceForm, BookSequence, FeeForm
from quoter.venues.profiles.profile import (
    UNSEEN,
    AccountKind,
    ById,
    ClientIds,
    PageBy,
    Paging,
    VenueProfile,
    VenueSystem,
)

GATE = VenueProfile(
    name="gate",
    family="gate",
    key_errors={
        "INVALID_KEY": KeyFault.KEY,
        "INVALID_SIGNATURE": KeyFault.SECRET,
        "IP_FORBIDDEN": KeyFault.ADDRESS,
        "FORBIDDEN": KeyFault.PERMISSION,
    },
    # 1: classic, 2: unified. ccxt would ask itself, and take a failed request for classic.
    account_kind=AccountKind(call="privateAccountGetDetail", path="key.mode", good="1"),
    options={"unifiedAccount": False},
    maker_fee_call="fetch_trading_fee",
    # developers/apiv4/ws: "TestNet"; ccxt's table has the testnet's sockets of contracts only
    systems={
        "testnet": VenueSystem(
            hosts=frozenset({"api-testnet.gateapi.io", "ws-testnet.gate.com"}),
            urls={"spot": "wss://ws-testnet.gate.com/v4/ws/spot"},
        )
    },
    refusal=f"{UNSEEN}; its documentation lists the coin of fees in the private stream, and its"
    " example of a fill lacks it",
    trial_environments=frozenset({"testnet"}),
    order_fields={"price": ("price",), "amount": ("amount",), "left": ("left",)},
    trade_fields={
        "price": ("price",),
        "amount": ("amount",),
    },
    fees=(
        FeeForm(
            amount="fee",
            asset="fee_currency",
            instead={"gt_fee": "GT", "point_fee": "POINT"},
        ),
    ),
    side_fields=("side",),
    filled_words={"finish_as": "filled"},
    errors={
        "REPEATED_CREATION": "DuplicateOrderId",  # an order with our id exists
        "ORDER_CLOSED": "OrderNotFound",
        "ORDER_CANCELLED": "OrderNotFound",
    },
    # `finish_as` has many words for an end, and ccxt knows two of them
    status_fields=("status", "event"),
    statuses={"open": "open", "closed": "closed", "cancelled": "canceled", "finish": "canceled"},
    answers=AnswerForm(
        lists={"/spot/accounts": "", "/spot/open_orders": "", "/spot/my_trades": ""}
    ),
    balances=BalanceForm(rows="", coin="currency", free="available", locked=("locked",)),
    market_id="{base}_{quote}",
    ids=ClientIds(
        create_field="text",
        row_fields=("text",),
        prefix="t-",
        cancel=ById(field="", param=""),
        query=ById(field="", param=""),
    ),
    book=BookSequence(row="result", kind="result.full", whole=True, last="u", first="U"),
    # the limit of open orders holds for each currency pair
    open_orders=Paging(by=PageBy.NUMBER, param="page", limit=100, full_page=100, is_shifting=True),
    trades=Paging(
        by=PageBy.NUMBER,
        param="page",
        limit=1000,
        full_page=100,
        start_param="from",
        end_param="to",
        time_unit_ms=1000,
        window_days=30,
    ),
)
