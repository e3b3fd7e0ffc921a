"""Bitget v2 spot (classic account).

Documentation: bitget.com/api-doc/spot/trade (place order, cancel order, order info, unfilled
orders, fills).
"""

from quoter.venues.profiles.profile import (
    BookSequence,
    ById,
    ClientIds,
    PageBy,
    Paging,
    VenueProfile,
)

BITGET = VenueProfile(
    name="bitget",
    family="bitget",
    order_fields={"amount": ("size",), "filled": ("baseVolume",)},
    trade_fields={"price": ("priceAvg",), "amount": ("size",)},
    ids=ClientIds(
        create_field="clientOid",
        row_fields=("clientOid",),
        cancel=ById(field="clientOid"),
        query=ById(field="clientOid"),
    ),
    # Classic accounts had a checksum first, which ccxt verifies, and numbers later.
    book=BookSequence(
        row=("data", 0),
        kind=("action",),
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
    refusal="its private stream, fees and unified accounts are not proven",
)
