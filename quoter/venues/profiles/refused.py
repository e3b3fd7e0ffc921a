"""Venues that are refused by name, with the reason and the form of their order ids.

A process that only cancels uses these rows to verify requests and to recognise own orders.
"""

from quoter.venues.profiles.forms import BookSequence
from quoter.venues.profiles.profile import UNIFIED, ById, ClientIds, VenueProfile

UNTRIED = "its lists, private stream and fees are not proven"


def _refused(
    name: str,
    refusal: str,
    *,
    create_field: str,
    row_fields: tuple[str, ...] = (UNIFIED,),
    cancel: ById | None = None,
    query: ById | None = None,
    create_param: str = "clientOrderId",
    create_params: dict[str, str | bool | int] | None = None,
    book: BookSequence | None = None,
    post_reads: frozenset[str] = frozenset(),
) -> VenueProfile:
    return VenueProfile(
        name=name,
        family="generic",
        refusal=refusal,
        create_params=create_params or {},
        book=book,
        post_reads=post_reads,
        ids=ClientIds(
            create_field=create_field,
            create_param=create_param,
            row_fields=row_fields,
            cancel=cancel,
            query=query,
        ),
    )


REFUSED = (
    _refused(
        "deribit",
        "ccxt can neither cancel nor query an order by our id (label) there",
        create_field="label",
        create_param="label",
        create_params={"reject_post_only": True},  # else the venue changes the price
        row_fields=("label",),
        book=BookSequence(
            row="params.data",
            kind="params.data.type",
            whole="snapshot",
            last="change_id",
            previous="prev_change_id",
        ),
    ),
    _refused(
        "mexc",
        f"{UNTRIED}, and its streams need protobuf",
        create_field="newClientOrderId",
        cancel=ById(field="origClientOrderId"),
        query=ById(field="origClientOrderId"),
    ),
    _refused(
        "whitebit",
        "ccxt can neither cancel nor query an order by our id there",
        create_field="clientOrderId",
        post_reads=frozenset({"orders", "trade-account"}),
    ),
    _refused(
        "bitstamp",
        "ccxt can't cancel an order by our id there",
        create_field="client_order_id",
        post_reads=frozenset(
            {"open_orders", "order_status", "account_balances", "user_transactions"}
        ),
        query=ById(field="client_order_id"),
    ),
    _refused(
        "bingx",
        "ccxt can't query an order by our id there",
        create_field="newClientOrderId",
        cancel=ById(field="clientOrderID"),
    ),
    _refused(
        "woo",
        "it takes integers only as order ids",
        create_field="clientOrderId",
        cancel=ById(field="clientOrderId"),
        query=ById(field="clientOrderId"),
    ),
    _refused(
        "poloniex",
        "ccxt can't query an order by our id there",
        create_field="clientOrderId",
    ),
    _refused(
        "htx",
        UNTRIED,
        create_field="client-order-id",
        cancel=ById(field="client-order-id"),
        query=ById(field="clientOrderId"),
    ),
    _refused(
        "coinbaseexchange",
        f"{UNTRIED}, and its market stream needs a key",
        create_field="client_oid",
    ),
)
# Venues without a profile: the reason of their refusal.
NO_IDS = {
    "coinbase": "ccxt does not send our order id there",
    "cryptocom": "ccxt does not send our order id there",
    "phemex": "its prices are scaled integers, which can't be compared with the approved order",
    "bitfinex": "its orders can't be compared with the approved order",
    "bitvavo": "it needs an operator id, for which there is no setting",
    "hyperliquid": "it needs a wallet key, for which there is no setting",
    "kucoin": UNTRIED,
}
