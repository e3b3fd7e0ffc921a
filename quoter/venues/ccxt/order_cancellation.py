"""Cancels and order queries: one order, or all own orders until none is open."""

import asyncio
from collections.abc import Callable

from quoter.domain.commands import CancelOrder, QueryOrder
from quoter.domain.events import CancelReject, OrderDone, OrderNotFound, OrderOpen
from quoter.domain.reasons import CancelRejectReason
from quoter.domain.trading import CancelReason
from quoter.venues.ccxt import error_mapping
from quoter.venues.ccxt.account_reports import AccountReports
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.payloads import order_event
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.profiles import VenueProfile

CANCEL_ROUNDS_MAX = 3
CANCELS_AT_ONCE_MAX = 8


class OrderCancellation:
    """Cancels through ccxt; `remember` is called with each (venue id, client id) pair found."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        sender: RequestSender,
        config: VenueConfig,
        profile: VenueProfile,
        now_ns: NowNs,
        reports: AccountReports,
        remember: Callable[[str, str], None],
    ) -> None:
        self._client, self._sender, self._config = client, sender, config
        self._profile, self._now_ns = profile, now_ns
        self._reports, self._remember = reports, remember

    async def cancel(
        self, order: CancelOrder, *, is_paced: bool = True
    ) -> OrderDone | CancelReject:
        """Cancel by the venue's id when known, else by ours; may be repeated.

        A kill's cancel never waits for our rate limiter, as if `is_paced` were False.
        """
        is_paced = is_paced and order.reason is not CancelReason.KILL
        params = {} if order.venue_id else {"clientOrderId": order.client_id}
        answer = await self._sender.cancel(
            order.client_id,
            lambda: self._client.cancel_order(order.venue_id or None, self._config.symbol, params),
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
        if not isinstance(done, OrderDone):  # accepted, but the answer does not say how it ended
            query = QueryOrder(client_id=order.client_id, venue_id=order.venue_id)
            found = await self.query(query, is_paced=is_paced)
            if not isinstance(found, OrderDone):
                return self._not_cancelled(
                    order, CancelRejectReason.NO_ANSWER, "accepted, but the end is not confirmed"
                )
            done = found
        # the answer to a cancel by our id may carry the id of the cancel itself
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
        """Return one order by the venue's id when known, else by ours; None without an answer."""
        params = {} if order.venue_id else {"clientOrderId": order.client_id}
        answer = await self._sender.read(
            lambda: self._client.fetch_order(order.venue_id or None, self._config.symbol, params),
            weight=self._profile.weights.get("query", 1.0),
            is_paced=is_paced,
        )
        if isinstance(answer, FailedCall):
            is_missing = answer.was_sent and error_mapping.is_not_found(
                answer.error, status=answer.status
            )
            return (
                OrderNotFound(ts_ns=self._now_ns(), client_id=order.client_id)
                if is_missing
                else None
            )
        event = order_event(answer, self._profile, self._now_ns())
        if event is not None:
            venue_id = event.order.venue_id if isinstance(event, OrderOpen) else event.venue_id
            self._remember(venue_id, order.client_id)
        return event

    async def cancel_all(self) -> int:
        """Cancel own orders in at most CANCEL_ROUNDS_MAX rounds; return how many are left open.

        Never waits for our rate limiter. Raises VenueError if the venue can't be asked.
        """
        slots = asyncio.Semaphore(CANCELS_AT_ONCE_MAX)

        async def cancel(order: CancelOrder) -> None:
            async with slots:
                await self.cancel(order, is_paced=False)

        for _ in range(CANCEL_ROUNDS_MAX):
            own = await self.own_open(is_paced=False)
            if not own:
                return 0
            await asyncio.gather(*(cancel(order) for order in own))
        return len(await self.own_open(is_paced=False))

    async def own_open(self, *, is_paced: bool = True) -> list[CancelOrder]:
        """Return a cancel for every own order that the venue lists. Raises VenueError."""
        report = await self._reports.open_orders(is_paced=is_paced)
        return [
            CancelOrder(
                client_id=order.client_id, venue_id=order.venue_id, reason=CancelReason.STATE
            )
            for order in report.orders
            if self._config.is_own(order.client_id)
        ]

    def _not_cancelled(
        self, order: CancelOrder, reason: CancelRejectReason, text: str
    ) -> CancelReject:
        return CancelReject(
            ts_ns=self._now_ns(), client_id=order.client_id, reason=reason, text=text
        )
