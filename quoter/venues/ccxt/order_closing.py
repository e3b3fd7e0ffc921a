"""The end of our orders at the venue: one cancelled, one asked about, or all until none is left."""

import asyncio
from collections.abc import Callable

from quoter.domain.commands import CancelOrder, QueryOrder
from quoter.domain.events import CancelReject, OrderDone, OrderNotFound, OrderOpen
from quoter.domain.reasons import CancelRejectReason
from quoter.domain.trading import CancelReason
from quoter.venues.ccxt import error_mapping
from quoter.venues.ccxt.account_reports import Reporter
from quoter.venues.ccxt.calls import Caller, Failed
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.payloads import order_news
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.profiles import VenueProfile

CANCEL_ROUNDS_MAX = 3
CANCELS_AT_ONCE_MAX = 8


class OrderClosing:
    """Cancels through ccxt; `remember` hears which venue id belongs to which of ours."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        caller: Caller,
        config: VenueConfig,
        dialect: VenueProfile,
        now_ns: NowNs,
        reporter: Reporter,
        remember: Callable[[str, str], None],
    ) -> None:
        self._client, self._caller, self._config = client, caller, config
        self._dialect, self._now_ns = dialect, now_ns
        self._reporter, self._remember = reporter, remember

    async def cancel(
        self, order: CancelOrder, *, is_paced: bool = True
    ) -> OrderDone | CancelReject:
        """Cancel by the venue's id when known, else by ours; may be repeated freely.

        That of a kill waits for no budget of ours, as if `is_paced` were False.
        """
        is_paced = is_paced and order.reason is not CancelReason.KILL
        params = {} if order.venue_id else {"clientOrderId": order.client_id}
        answer = await self._caller.cancel(
            order.client_id,
            lambda: self._client.cancel_order(order.venue_id or None, self._config.symbol, params),
            is_paced=is_paced,
        )
        if isinstance(answer, Failed):
            reason = error_mapping.cancel_reason(
                answer.error,
                was_sent=answer.was_sent,
                family=self._dialect.family,
                status=answer.status,
            )
            return self._not_cancelled(order, reason, answer.text)
        news = order_news(answer, self._dialect, self._now_ns())
        if not isinstance(news, OrderDone):  # accepted, but the answer does not say how it ended
            query = QueryOrder(client_id=order.client_id, venue_id=order.venue_id)
            found = await self.query(query, is_paced=is_paced)
            if not isinstance(found, OrderDone):
                return self._not_cancelled(
                    order, CancelRejectReason.NO_ANSWER, "accepted, its end is not confirmed"
                )
            news = found
        # the answer to a cancel by our id may carry the id of the cancel itself
        return OrderDone(
            ts_ns=self._now_ns(),
            client_id=order.client_id,
            reason=news.reason,
            filled=news.filled,
            venue_id=order.venue_id or news.venue_id,
        )

    async def query(
        self, order: QueryOrder, *, is_paced: bool = True
    ) -> OrderOpen | OrderDone | OrderNotFound | None:
        """One order by the venue's id when known, else by ours; None without an answer."""
        params = {} if order.venue_id else {"clientOrderId": order.client_id}
        answer = await self._caller.read(
            lambda: self._client.fetch_order(order.venue_id or None, self._config.symbol, params),
            weight=self._dialect.weights.get("query", 1.0),
            is_paced=is_paced,
        )
        if isinstance(answer, Failed):
            is_missing = answer.was_sent and error_mapping.is_not_found(
                answer.error, status=answer.status
            )
            return (
                OrderNotFound(ts_ns=self._now_ns(), client_id=order.client_id)
                if is_missing
                else None
            )
        news = order_news(answer, self._dialect, self._now_ns())
        if news is not None:
            venue_id = news.order.venue_id if isinstance(news, OrderOpen) else news.venue_id
            self._remember(venue_id, order.client_id)
        return news

    async def cancel_all(self) -> int:
        """Cancel own orders until none is open, at most CANCEL_ROUNDS_MAX times; how many are left.

        Nothing of it waits for a budget of ours. Raises VenueError if the venue can't be asked.
        """
        turns = asyncio.Semaphore(CANCELS_AT_ONCE_MAX)

        async def cancel(order: CancelOrder) -> None:
            async with turns:
                await self.cancel(order, is_paced=False)

        for _ in range(CANCEL_ROUNDS_MAX):
            own = await self.own_open(is_paced=False)
            if not own:
                return 0
            await asyncio.gather(*(cancel(order) for order in own))
        return len(await self.own_open(is_paced=False))

    async def own_open(self, *, is_paced: bool = True) -> list[CancelOrder]:
        """A cancel for every own order that the venue lists. Raises VenueError."""
        report = await self._reporter.open_orders(is_paced=is_paced)
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
