"""Gate v4 spot.

Documentation: gate.com/docs/developers/apiv4 (create an order, cancel a single order, get a single
order, list all open orders, list personal trading history).
"""

from quoter.domain.errors import KeyPart
from quoter.venues.profiles.forms import AnswerForm, BalanceForm, BookSequence, FeeForm
from quoter.venues.profiles.profile import (
    ById,
    ClientIds,
    PageBy,
    Paging,
    VenueProfile,
)

GATE = VenueProfile(
    name="gate",
    family="gate",
    key_errors={
        "INVALID_KEY": KeyPart.KEY,
        "INVALID_SIGNATURE": KeyPart.SECRET,
        "IP_FORBIDDEN": KeyPart.ADDRESS,
        "FORBIDDEN": KeyPart.PERMISSION,
    },
    maker_fee_call="fetch_trading_fee",
    no_test_system="its testnet has futures only, and quoter trades spot",
    refusal="the coin of fees in its private stream is not known from a recording",
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
    answers=AnswerForm(
        lists={"/spot/accounts": "", "/spot/open_orders": "", "/spot/my_trades": ""}
    ),
    balances=BalanceForm(rows="", coin="currency", free="available", locked=("locked",)),
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
