"""Reports of our account: open orders, our trades, balances, coin prices."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

from quoter.domain.commands import RequestReport
from quoter.domain.errors import BadAnswer, VenueError
from quoter.domain.events import (
    BalanceReport,
    CoinPrice,
    Fill,
    OpenOrdersReport,
    ReportEvent,
    ReportFailed,
    TradesReport,
)
from quoter.domain.reasons import ReportKind
from quoter.venues import answers
from quoter.venues.ccxt.coin_price import coin_price
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.paged_list import Params, read_list, time_windows
from quoter.venues.ccxt.payloads import balances, fill, venue_order
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.config import NowNs
from quoter.venues.json_values import Json, is_whole_number, text
from quoter.venues.profiles import PageBy, Paging, VenueProfile

TRADES_PAGE = 1000
PAGES_MAX = 50

type ClientIdOf = Callable[[str], str]  # venue id -> client id; empty if unknown


class AccountReports:
    """Requests lists of the account; returns a whole list or a failure, never a part."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        sender: RequestSender,
        symbol: str,
        profile: VenueProfile,
        now_ns: NowNs,
        client_id_of: ClientIdOf,
    ) -> None:
        self._client, self._sender, self._symbol = client, sender, symbol
        self._profile, self._now_ns, self._client_id_of = profile, now_ns, client_id_of
        self._has_held = False  # an earlier report listed a balance

    async def report(self, request: RequestReport) -> ReportEvent:
        """Return the requested report, or ReportFailed with the reason."""
        asked_ns = self._now_ns()
        try:
            match request.kind:
                case ReportKind.OPEN_ORDERS:
                    return await self.open_orders()
                case ReportKind.TRADES:
                    fills = await self._trades(request)
                    return TradesReport(ts_ns=self._now_ns(), asked_ns=asked_ns, fills=fills)
                case ReportKind.BALANCES:
                    return await self._balances()
                case ReportKind.COIN_PRICE:
                    return await self._coin_price(request.coin)
                case ReportKind.BOOK | ReportKind.BEST_PRICES:
                    raise VenueError("the book is a report of the market feed, not of the account")
                case ReportKind.RULES | ReportKind.MAKER_FEE:
                    raise VenueError("market rules and maker fee are not reports of the account")
        except VenueError as error:
            return ReportFailed(ts_ns=self._now_ns(), kind=request.kind, text=str(error))

    async def open_orders(self, *, is_paced: bool = True) -> OpenOrdersReport:
        """Return every open order of the account on this symbol. Raises VenueError."""
        asked_ns = self._now_ns()
        paging = self._profile.open_orders

        async def page(params: Params) -> list[Json]:
            return await self._read(
                lambda: self._client.fetch_open_orders(self._symbol, None, paging.limit, params),
                paging,
                weight="open_orders",
                is_paced=is_paced,
            )

        rows = await read_list(page, paging)
        orders = [venue_order(row, self._profile) for row in rows]
        known = tuple(
            order._replace(client_id=self._client_id_of(order.venue_id) or order.client_id)
            for order in orders
            if order is not None
        )
        if len(known) != len(orders):
            raise VenueError("the venue lists an open order that can't be parsed")
        return OpenOrdersReport(ts_ns=self._now_ns(), asked_ns=asked_ns, orders=known)

    async def _balances(self) -> BalanceReport:
        asked_ns = self._now_ns()
        answer = await self._sender.read(
            self._client.fetch_balance,
            self._listed_balances,
            weight=self._profile.weights.get("balances", 1.0),
        )
        if isinstance(answer, FailedCall):
            raise VenueError(answer.text)
        free, locked = answer
        held = [coin for coin in free if free[coin] or locked[coin]]
        self._has_held = self._has_held or bool(held)
        return BalanceReport(
            ts_ns=self._now_ns(),
            asked_ns=asked_ns,
            free={coin: free[coin] for coin in held},
            locked={coin: locked[coin] for coin in held},
        )

    def _listed_balances(self, answer: object) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        """Return free and locked amounts by coin. Raises BadAnswer.

        A venue that lists every coin must list ours. Other venues leave out coins without a
        balance: there a missing coin is zero, unless the list is empty and had coins before.
        """
        free, locked = balances(
            answers.fields(answer), self._profile, self._client.safe_currency_code
        )
        missing = [coin for coin in self._symbol.split("/") if coin not in free]
        form = self._profile.balances
        if missing and form is not None and form.lists_every_coin:
            raise BadAnswer(f"the account does not list {' and '.join(missing)}")
        if self._has_held and not free:
            raise BadAnswer("the account, which held coins before, lists none")
        return free, locked

    async def _coin_price(self, coin: str) -> CoinPrice:
        asked_ns = self._now_ns()
        quote = self._symbol.partition("/")[2]
        price = await coin_price(self._client, self._sender, self._profile, coin=coin, quote=quote)
        return CoinPrice(ts_ns=self._now_ns(), asked_ns=asked_ns, coin=coin, price=price)

    async def _trades(self, request: RequestReport) -> tuple[Fill, ...]:
        """Return our trades after `from_trade_id` or since `since_ns`, else the latest page.

        If both are given, a venue that pages by id uses `from_trade_id`, any other venue
        `since_ns`. Raises VenueError if the end of the list is not reached: an incomplete list must
        not look complete.
        """
        if self._profile.trades_page_by_id:
            return await self._trades_by_id(request)
        paging, since_ms = self._profile.trades, request.since_ns // 1_000_000 or None
        if not request.from_trade_id and since_ms is None:
            rows = await self._trades_page({})
        else:
            until_id = request.from_trade_id if since_ms is None else ""
            rows = []
            for window in time_windows(paging, since_ms, self._now_ns() // 1_000_000):
                rows += await read_list(self._trades_page, paging, fixed=window, until_id=until_id)
        fills = {f.trade_id: f for f in map(self._fill, sorted(rows, key=_time)) if f is not None}
        fills.pop(request.from_trade_id, None)
        return tuple(fills.values())

    async def _trades_page(self, params: Params) -> list[Json]:
        paging = self._profile.trades
        symbol = None if paging.all_symbols else self._symbol
        return await self._read(
            lambda: self._client.fetch_my_trades(symbol, None, paging.limit, params),
            paging,
            weight="trades",
        )

    async def _trades_by_id(self, request: RequestReport) -> tuple[Fill, ...]:
        """Request our trades page by page, by id from the oldest on, and return them all.

        Without an id the first page is requested by time; with neither, there is one page only.
        Raises VenueError beyond PAGES_MAX pages.
        """
        found: dict[str, Fill] = {}
        last_id, since_ms = request.from_trade_id, request.since_ns // 1_000_000 or None
        is_one_page = not last_id and since_ms is None
        by_id = is_whole_number(last_id)
        for _ in range(PAGES_MAX):
            rows = await self._page(last_id if by_id else "", None if by_id else since_ms)
            fills = [fill for fill in map(self._fill, rows) if fill is not None]
            fresh = {f.trade_id: f for f in fills if f.trade_id not in found}
            found |= fresh
            if is_one_page or not fresh or len(rows) < TRADES_PAGE:
                return _after(list(found.values()), request.from_trade_id)
            if not all(is_whole_number(each) for each in fresh):
                raise VenueError(
                    "the next page of our trades can't be requested: a trade's id is not a number"
                )
            by_id, last_id = True, max(fresh, key=int)
        raise VenueError(f"the list of our trades did not end within {PAGES_MAX} pages")

    async def _page(self, after_id: str, since_ms: int | None) -> list[Json]:
        params: Params = {"fromId": str(int(after_id) + 1)} if after_id else {}
        return await self._read(
            lambda: self._client.fetch_my_trades(self._symbol, since_ms, TRADES_PAGE, params),
            self._profile.trades,
            weight="trades",
        )

    def _fill(self, row: Json) -> Fill | None:
        """Return a trade of our symbol; None for another symbol's. Raises VenueError."""
        if self._profile.trades.all_symbols and row.get("symbol") != self._symbol:
            return None
        found = fill(row, self._profile, self._now_ns())
        if found is None:
            described = self._sender.describe_error(row)
            raise VenueError(f"a trade of ours can't be parsed: {described}")
        return replace(found, client_id=self._client_id_of(found.venue_id) or found.client_id)

    async def _read(
        self,
        call: Callable[[], Awaitable[object]],
        paging: Paging,
        *,
        weight: str,
        is_paced: bool = True,
    ) -> list[Json]:
        cost = self._profile.weights.get(weight, 1.0)
        has_cursor = paging.by is PageBy.CURSOR
        reader = answers.rows_with_cursor(paging.field) if has_cursor else answers.rows
        answer = await self._sender.read(call, reader, weight=cost, is_paced=is_paced)
        if isinstance(answer, FailedCall):
            raise VenueError(answer.text)
        return answer


def _time(row: Json) -> tuple[int, str]:
    """Return a sort key (time in ms, id); rows without a time come first."""
    at = row.get("timestamp")
    return (at if isinstance(at, int) else 0), text(row.get("id"))


def _after(fills: list[Fill], from_trade_id: str) -> tuple[Fill, ...]:
    """Return the fills after `from_trade_id`, ordered by id.

    If ids are not numbers, the order stays and only `from_trade_id` itself is removed.
    """
    if all(is_whole_number(f.trade_id) for f in fills):
        fills.sort(key=lambda f: int(f.trade_id))
        if is_whole_number(from_trade_id):
            fills = [f for f in fills if int(f.trade_id) > int(from_trade_id)]
    return tuple(f for f in fills if f.trade_id != from_trade_id)
