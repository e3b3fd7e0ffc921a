"""Bitget v2 spot (classic account).

Documentation: bitget.com/api-doc/spot/trade (place order, cancel order, order info, unfilled
orders, fills).
"""

from quoter.domain.errors import KeyFault
from quoter.venues.profiles.forms import AnswerForm, BalanceForm, BookSequence, FeeForm
from quoter.venues.profiles.profile import (
    UNSEEN,
    ById,
    ClientIds,
    PageBy,
    Paging,
    RequiredHeader,
    VenueProfile,
    VenueSystem,
)

BITGET = VenueProfile(
    name="bitget",
    family="bitget",
    key_errors={
        "40006": KeyFault.KEY,
        "40037": KeyFault.KEY,
        "40009": KeyFault.SECRET,
        "40012": KeyFault.PASSWORD,
        "40018": KeyFault.ADDRESS,
        "40014": KeyFault.PERMISSION,
        "40085": KeyFault.ACCOUNT,
    },
    maker_fee_call="fetch_trading_fee",
    systems={
        "demo": VenueSystem(
            switch="enable_demo_trading",
            hosts=frozenset({"api.bitget.com", "wspap.bitget.com"}),
            headers=(
                RequiredHeader(
                    host="api.bitget.com",
                    name="PAPTRADING",
                    value="1",
                    exempt=frozenset({"/api/v2/public/time"}),
                ),
            ),
        )
    },
    # in the stream `size` is the cost of a limit order, and `baseVolume` that of its last fill
    order_fields={
        "price": ("price", "priceAvg"),  # the list of open orders calls it priceAvg
        "amount": ("newSize", "size"),
        "filled": ("accBaseVolume", "baseVolume"),
    },
    trade_fields={"price": ("priceAvg",), "amount": ("size",)},
    side_fields=("side",),
    filled_words={"status": "filled"},
    # an object in lists, a list in the stream, with opposite signs
    fees=(
        FeeForm(rows="feeDetail", amount="totalFee", asset="feeCoin", twin="totalDeductionFee"),
        FeeForm(
            amount="feeDetail.totalFee",
            asset="feeDetail.feeCoin",
            twin="feeDetail.totalDeductionFee",
            is_charge_negative=True,
        ),
    ),
    errors={
        # codes of its newer interface (v3), which ccxt's table lacks; no other sign of the error
        "25202": "InsufficientFunds",
        "25203": "InsufficientFunds",
        "25204": "OrderNotFound",
        "40010": "RequestTimeout",  # "Request timed out", which ccxt takes for a wrong signature
        "40786": "DuplicateOrderId",
    },
    answers=AnswerForm(code="code", good="00000", content="data"),
    balances=BalanceForm(rows="", coin="coin", free="available", locked=("frozen", "locked")),
    market_id="{base}{quote}",
    ids=ClientIds(
        create_field="clientOid",
        row_fields=("clientOid",),
        cancel=ById(field="clientOid"),
        query=ById(field="clientOid"),
    ),
    # Classic accounts had a checksum first, which ccxt verifies, and numbers later.
    book=BookSequence(
        row="data.0",
        kind="action",
        whole="snapshot",
        last="seq",
        previous="pseq",
        checksum="checksum",
    ),
    open_orders=Paging(
        by=PageBy.OLDER_THAN, param="idLessThan", field="orderId", limit=100, full_page=100
    ),
    trades=Paging(
        by=PageBy.OLDER_THAN,
        param="idLessThan",
        field="tradeId",
        limit=100,
        full_page=100,
        start_param="startTime",
        end_param="endTime",
        window_days=90,
    ),
    refusal=f"{UNSEEN}; unified accounts, whose paths and fields differ, were not tested at all",
    trial_environments=frozenset({"demo"}),
    # ccxt queries the account type, and assumes a classic account if the query fails. Without the
    # query, the venue itself refuses a unified account at the first request.
    options={"uta": False},
)
