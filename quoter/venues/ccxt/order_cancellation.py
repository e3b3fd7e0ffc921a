"""Cancels and order queries: one order, or all own orders until none is open."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

from quoter.domain.commands import CancelOrder, QueryOrder
from quoter.domain.errors import VenueError
from quoter.domain.events import CancelReject, OrderDone, OrderNotFound, OrderOpen
from quoter.domain.reasons import CancelRejectReason
from quoter.domain.trading import CancelReason
from quoter.venues import answers
from quoter.venues.ccxt import error_mapping, payloads
from quoter.venues.ccxt.account_reports import AccountReports
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.payloads import order_event
from quoter.venues.ccxt.private_events import PrivateEvents
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.json_values import Json, text
from quoter.venues.profiles import ById, ClientIds, VenueProfile

CANCEL_ROUNDS_MAX = 3
CANCELS_AT_ONCE_MAX = 8


type Params = Mapping[str, str | bool | int]
type FetchOrders = Callable[[str, None, None, Params], Awaitable[list[JsonDict]]]
type OrderRequest = tuple[str | None, dict[str, str | bool | int]]  # ccxt's order id, parameters


def order_request(
    ids: ClientIds | None, by: ById | None, *, client_id: str, venue_id: str
) -> OrderRequest | None:
    """Return ccxt's arguments for one order; None if the venue can't find it by these ids."""
    if venue_id:
        return venue_id, {}
    if ids is None or by is None or not client_id:
        return None
    if by.param:
        return by.no_venue_id, {by.param: client_id}
    return ids.written(client_id), {}


class OrderCancellation:
    """Cancels and queries through ccxt.

    `known` finds our orders by the venue's id, and records their ends.
    """

    def __init__(
        self,
        *,
        client: GuardedExchange,
        sender: RequestSender,
        config: VenueConfig,
        profile: VenueProfile,
        now_ns: NowNs,
        reports: AccountReports,
        known: PrivateEvents,
    ) -> None:
        self._client, self._sender, self._config = client, sender, config
        self._profile, self._now_ns = profile, now_ns
        self._reports, self._known = reports, known
        ids = profile.ids
        self._cancel_by = ids.cancel if ids else None
        self._query_by = ids.query if ids else None

    async def cancel(
        self, order: CancelOrder, *, is_paced: bool = True
    ) -> OrderDone | CancelReject:
        """Cancel by the venue's id if known, else by ours; return the end, or why it failed.

        With `is_paced` False, and in a kill, it does not wait for our rate limiter.
        """
        is_paced = is_paced and order.reason is not CancelReason.KILL
        request = self._request(order, self._cancel_by)
        if request is None:
            return self._not_cancelled(
                order,
                CancelRejectReason.NO_ANSWER,
                f"{self._profile.name} cancels only by its own ids, and this order's is unknown",
            )
        venue_id, params = request
        answer = await self._sender.cancel(
            order.client_id,
            lambda: self._client.cancel_order(venue_id, self._config.symbol, params),
            answers.fields,
            is_paced=is_paced,
        )
        if isinstance(answer, FailedCall):
            reason = error_mapping.cancel_reason(
                answer.error,
                was_sent=answer.was_sent,
                family=self._profile.family,
                status=answer.status,
            )
            return self._not_cancelled(order, reason, answer.text)
        done = order_event(answer, self._profile, self._now_ns())
        # the venue accepted the cancel, but its answer does not show how the order ended
        if not isinstance(done, OrderDone):
            query = QueryOrder(client_id=order.client_id, venue_id=order.venue_id)
            found = await self.query(query, is_paced=is_paced)
            if not isinstance(found, OrderDone):
                return self._not_cancelled(
                    order,
                    CancelRejectReason.NO_ANSWER,
                    "the venue accepted the cancel, but did not confirm the order's end",
                )
            done = found
        self._known.ended(order.venue_id or done.venue_id)
        # the answer to a cancel by our id may contain the id of the cancel itself
        return OrderDone(
            ts_ns=self._now_ns(),
            client_id=order.client_id,
            reason=done.reason,
            filled=done.filled,
            venue_id=order.venue_id or done.venue_id,
        )

    async def query(
        self, order: QueryOrder, *, is_paced: bool = True
    ) -> OrderOpen | OrderDone | OrderNotFound | None:
        """Return one order by the venue's id if known, else by ours; None without an answer.

        An answer about another order is ignored: some venues ignore an unknown filter.
        """
        by = self._query_by
        if by is not None and by.lists and (by.venue_id_param or not order.venue_id):
            row = await self._find_in_lists(order, by, is_paced=is_paced)
        else:
            row = await self._fetch(order, is_paced=is_paced)
        if row is None or isinstance(row, OrderNotFound):
            return row
        event = order_event(row, self._profile, self._now_ns())
        if event is None or not self._is_about(row, order):
            return None
        client_id = order.client_id or payloads.client_id(row, self._profile)
        self._known.remember(text(row.get("id")), client_id)
        if isinstance(event, OrderDone):
            self._known.ended(text(row.get("id")))
        if isinstance(event, OrderOpen):
            return replace(event, order=event.order._replace(client_id=client_id))
        return replace(event, client_id=client_id)

    async def _fetch(self, order: QueryOrder, *, is_paced: bool) -> Json | OrderNotFound | None:
        request = self._request(order, self._query_by)
        if request is None:
            return None
        venue_id, params = request
        answer = await self._sender.read(
            lambda: self._client.fetch_order(venue_id, self._config.symbol, params),
            answers.fields,
            weight=self._profile.weights.get("query", 1.0),
            is_paced=is_paced,
        )
        if not isinstance(answer, FailedCall):
            return answer
        is_missing = answer.was_sent and error_mapping.is_not_found(
            answer.error, status=answer.status
        )
        return self._not_found(order) if is_missing else None

    async def _find_in_lists(
        self, order: QueryOrder, by: ById, *, is_paced: bool
    ) -> Json | OrderNotFound | None:
        """Return the row of one order from lists that the venue filters by its id.

        OrderNotFound if all lists are empty: only that proves that the venue does not know the
        order. None if a list fails, or has other orders only.
        """
        params = (
            {by.venue_id_param: order.venue_id} if order.venue_id else {by.param: order.client_id}
        )
        is_unknown = True
        for name in by.lists:
            fetch: FetchOrders = getattr(self._client, name)
            rows = await self._sender.read(
                partial(fetch, self._config.symbol, None, None, params),
                answers.rows,
                weight=self._profile.weights.get("query", 1.0),
                is_paced=is_paced,
            )
            if isinstance(rows, FailedCall):
                return None
            row = next((row for row in rows if self._is_about(row, order)), None)
            if row is not None:
                return row
            is_unknown = is_unknown and not rows
        return self._not_found(order) if is_unknown else None

    def _request(self, order: CancelOrder | QueryOrder, by: ById | None) -> OrderRequest | None:
        return order_request(
            self._profile.ids, by, client_id=order.client_id, venue_id=order.venue_id
        )

    def _is_about(self, row: Json, order: QueryOrder) -> bool:
        """Whether a row is of this order: by the venue's id if both have it, else by ours."""
        venue_id, client_id = text(row.get("id")), payloads.client_id(row, self._profile)
        if order.venue_id and venue_id:
            return venue_id == order.venue_id
        return not order.client_id or client_id == order.client_id

    def _not_found(self, order: QueryOrder) -> OrderNotFound:
        return OrderNotFound(ts_ns=self._now_ns(), client_id=order.client_id)

    async def cancel_all(self) -> int:
        """Cancel own orders in at most CANCEL_ROUNDS_MAX rounds; return how many are left open.

        Never waits for our rate limiter. If the venue can't list orders, it cancels the own orders
        whose venue id is known, and raises VenueError.
        """
        slots = asyncio.Semaphore(CANCELS_AT_ONCE_MAX)

        async def cancel(order: CancelOrder) -> None:
            async with slots:
                await self.cancel(order, is_paced=False)

        unproven = await self._cancel_unnamed()
        for _ in range(CANCEL_ROUNDS_MAX):
            try:
                own = await self.own_open(is_paced=False)
            except VenueError as error:
                await asyncio.gather(*(cancel(order) for order in self._known_open()))
                left = len(self._known_open())
                raise VenueError(
                    f"own orders can't be listed: {error}; of the orders whose venue id is known, "
                    f"{left} are not confirmed as ended"
                ) from error
            if not own:
                return len(unproven)
            await asyncio.gather(*(cancel(order) for order in own))
        listed = {order.client_id for order in await self.own_open(is_paced=False)}
        return len(listed | unproven)

    async def _cancel_unnamed(self) -> set[str]:
        """Cancel another process's orders whose venue id is unknown, where the venue allows that.

        Returns the client ids of those that may still be open: the list may show them under another
        id.
        """
        unproven = set[str]()
        for client_id in self._known.unnamed() if self._cancel_by is not None else ():
            order = CancelOrder(client_id=client_id, venue_id="", reason=CancelReason.STATE)
            answer = await self.cancel(order, is_paced=False)
            is_gone = isinstance(answer, OrderDone) or (
                answer.reason is CancelRejectReason.NOT_FOUND
            )
            if not is_gone:
                unproven.add(client_id)
        return unproven

    def _known_open(self) -> list[CancelOrder]:
        return [
            CancelOrder(client_id=client_id, venue_id=venue_id, reason=CancelReason.STATE)
            for venue_id, client_id in self._known.known_open().items()
        ]

    async def own_open(self, *, is_paced: bool = True) -> list[CancelOrder]:
        """Return a cancel for every own order that the venue lists. Raises VenueError.

        Own orders are those that this process or the ledger knows by the venue's id, and those
        whose client id begins with our prefix.
        """
        report = await self._reports.open_orders(is_paced=is_paced)
        return [
            CancelOrder(
                client_id=order.client_id, venue_id=order.venue_id, reason=CancelReason.STATE
            )
            for order in report.orders
            if self._config.is_own(order.client_id) or self._known.is_adopted(order.venue_id)
        ]

    def _not_cancelled(
        self, order: CancelOrder, reason: CancelRejectReason, text: str
    ) -> CancelReject:
        return CancelReject(
            ts_ns=self._now_ns(), client_id=order.client_id, reason=reason, text=text
        )
