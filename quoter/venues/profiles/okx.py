"""OKX v5 spot, with the regional sites that share its protocol.

Documentation: okx.com/docs-v5 (trade: place multiple orders, cancel order, order details, order
list, transaction details of the last three months).
"""

from collections.abc import Mapping
from dataclasses import replace

from quoter.domain.errors import KeyFault
from quoter.venues.config import Environment
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


def _demo(rest_host: str, stream_host: str) -> Mapping[Environment, VenueSystem]:
    """Return the demo of a site. It shares the REST host of production."""
    header = RequiredHeader(host=rest_host, name="x-simulated-trading", value="1")
    hosts = frozenset({rest_host, stream_host})
    return {"demo": VenueSystem(hosts=hosts, headers=(header,))}


OKX = VenueProfile(
    name="okx",
    family="okx",
    key_errors={
        "50111": KeyFault.KEY,
        "50119": KeyFault.KEY,
        "50113": KeyFault.SECRET,
        "50105": KeyFault.PASSWORD,
        "50101": KeyFault.ENVIRONMENT,
        "50110": KeyFault.ADDRESS,
    },
    maker_fee_call="fetch_trading_fee",
    systems=_demo("www.okx.com", "wspap.okx.com"),
    refusal=UNSEEN,
    trial_environments=frozenset({"demo"}),
    order_fields={"price": ("px",), "amount": ("sz",), "filled": ("accFillSz",)},
    trade_fields={"price": ("fillPx",), "amount": ("fillSz",)},
    side_fields=("side",),
    filled_words={"state": "filled"},
    # The stream's row is that of an order, whose `fee` is the sum over its fills.
    fees=(
        FeeForm(amount="fillFee", asset="fillFeeCcy", is_charge_negative=True),
        FeeForm(amount="fee", asset="feeCcy", is_charge_negative=True),
    ),
    errors={
        "50119": "AuthenticationError",  # the key does not exist
        "50038": "OperationRejected",  # this feature does not exist in the demo
        "50061": "RateLimitExceeded",  # the account's limit of orders, over all its markets
        "50062": "OperationRejected",  # this feature is switched off at present
        "51011": "DuplicateOrderId",
        "51016": "DuplicateOrderId",
    },
    answers=AnswerForm(code="code", good="0", content="data"),
    balances=BalanceForm(rows="data.0.details", coin="ccy", free="availBal", locked=("frozenBal",)),
    market_id="{base}-{quote}",
    ids=ClientIds(
        create_field="clOrdId",
        row_fields=("clOrdId",),
        cancel=ById(field="clOrdId"),
        query=ById(field="clOrdId"),
    ),
    # A keep-alive without levels repeats the number. `checksum` is always 0 since June 2026.
    book=BookSequence(
        row="data.0", kind="action", whole="snapshot", last="seqId", previous="prevSeqId"
    ),
    open_orders=Paging(
        by=PageBy.OLDER_THAN, param="after", field="ordId", limit=100, full_page=100
    ),
    trades=Paging(
        by=PageBy.OLDER_THAN,
        param="after",
        field="billId",
        limit=100,
        full_page=100,
        start_param="begin",
    ),
)


def _regional(name: str, place: str, systems: Mapping[Environment, VenueSystem]) -> VenueProfile:
    return replace(
        OKX,
        name=name,
        refusal=f"the hosts, markets and accounts of OKX's site for {place} may differ from those"
        " of okx; that was not tested",
        trial_environments=frozenset(),
        systems=systems,
    )


MY_OKX = _regional("myokx", "the EEA", _demo("eea.okx.com", "wseeapap.okx.com"))
OKX_US = _regional("okxus", "the United States", _demo("us.okx.com", "wsuspap.okx.com"))
