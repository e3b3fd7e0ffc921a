"""The simulated venue: several symbols and accounts, one truth ledger. Pure and deterministic."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from quoter.domain.market import Side
from quoter.sim.background import Background, QueuedBackground, RandomBackground
from quoter.sim.capture import (
    OWN_TRADE_ID_FIRST,
    Capture,
    Levels,
    RecordedBackground,
    RecordedPublisher,
)
from quoter.sim.clearing import Clearing
from quoter.sim.flow import Flow
from quoter.sim.grid import Grid
from quoter.sim.market import Market
from quoter.sim.messages import (
    BestNews,
    DepthBook,
    FeeCoin,
    MarketSpec,
    NewOrder,
    News,
    PrintNews,
    Refused,
    SelfTrade,
    SimOrder,
    SimReject,
    SimTrade,
)
from quoter.sim.orders import OrderStore
from quoter.sim.publisher import Publisher
from quoter.sim.resting import RestingBook
from quoter.sim.scripts import Script
from quoter.sim.truth import TruthLedger


class Exchange:
    """Simulated venue: takes requests with their time of arrival, and returns the resulting news.

    Every method with a time (`now_ns`, or that of its news) first runs the markets up to that time,
    and returns the news in order of time. After a refusal, the next call returns the news. Times
    should not run backwards; an earlier time is replaced by the latest. The same calls with the
    same seed give the same news on every machine. Raises KeyError for an unknown account or symbol,
    and for a request that is only for simulated or only for recorded markets, at one of the other
    kind. Raises ValueError for a recorded price that is not a multiple of the tick.
    """

    def __init__(
        self,
        markets: Sequence[MarketSpec],
        *,
        seed: int,
        now_ns: int,
        own_trade_id_first: int = OWN_TRADE_ID_FIRST,
    ) -> None:
        """Open the markets at `now_ns`.

        own_trade_id_first: id of the first account execution in a recorded market.
        """
        specs = {spec.symbol: spec for spec in markets}
        self._now_ns = now_ns
        self._own_trade_id_first = own_trade_id_first
        self._news: list[News] = []
        self._clearing = Clearing(specs, self._emit)
        self._orders = OrderStore()
        self._markets: dict[str, Market] = {}
        self._flows: dict[str, Flow] = {}
        self._captures: dict[str, Capture] = {}
        for spec in markets:
            if spec.recorded:
                self._add_recorded(spec)
            else:
                self._add_simulated(spec, f"{seed}:{spec.symbol}")
        self._news.clear()  # no account existed at the opening

    def add_account(
        self, account: str, balances: Mapping[str, Decimal], fee_coin: FeeCoin | None = None
    ) -> None:
        """Open an account with these holdings, all free.

        Fees are taken from the received asset, or from `fee_coin` while its balance is enough.
        Raises ValueError if the account exists, or if a balance is negative or not finite.
        """
        self._clearing.add_account(account, balances, fee_coin)

    @property
    def truth(self) -> TruthLedger:
        """Every execution of every account, and the balances that follow from them."""
        return self._clearing.truth

    def next_ns(self, symbol: str) -> int:
        """Return the time of the next event of a simulated market, ns."""
        return self._flows[symbol].next_ns

    def advance(self, now_ns: int) -> list[News]:
        """Run the market until `now_ns`: moves of the mid, takers, scripted flow."""
        self._run_to(now_ns)
        return self._take_news()

    def flush_depth(self, symbol: str, now_ns: int) -> list[News]:
        """Return the DepthNews since the last flush, if any (venues publish depth every 100 ms)."""
        market = self._markets[symbol]
        self._run_to(now_ns)
        market.publisher.flush(self._now_ns)
        return self._take_news()

    def script(self, symbol: str, script: Script, at_ns: int) -> None:
        """Start scripted flow at `at_ns`, or now if that time has passed.

        Raises ValueError if too many run already, or if the market is a recorded one.
        """
        if symbol in self._captures:
            raise ValueError(f"{symbol} is a recorded market, scripts can't run on it")
        self._flows[symbol].start(script, max(at_ns, self._now_ns))

    def halt(self, symbol: str, *, is_halted: bool) -> None:
        """Stop (or resume) all trading on a symbol; resting orders stay and can be cancelled."""
        self._markets[symbol].is_halted = is_halted

    def place(self, account: str, order: NewOrder, now_ns: int) -> tuple[SimOrder, list[News]]:
        """Place an order. Raises Refused."""
        market = self._markets[order.symbol]
        self._clearing.holdings(account)
        self._run_to(now_ns)
        placed = market.place(account, order, self._now_ns)
        return placed, self._take_news()

    def size_for(
        self, account: str, symbol: str, side: Side, quote: Decimal, self_trade: SelfTrade
    ) -> Decimal:
        """Return the largest size that a market order can trade for an amount of quote currency."""
        return self._markets[symbol].size_for(account, side, quote, self_trade)

    def cancel(
        self,
        account: str,
        symbol: str,
        *,
        now_ns: int,
        order_id: int = 0,
        client_id: str = "",
        cancel_client_id: str = "",
    ) -> tuple[SimOrder, list[News]]:
        """Cancel by order id or client id. Raises Refused(NOT_FOUND), also for a closed order."""
        market = self._markets[symbol]
        self._run_to(now_ns)
        found = self._orders.find(account, symbol, order_id=order_id, client_id=client_id)
        resting = self._orders.resting(found)
        cancelled = market.cancel(resting, self._now_ns, cancel_client_id)
        market.commit(self._now_ns)
        return cancelled, self._take_news()

    def cancel_all(
        self, account: str, symbol: str, now_ns: int
    ) -> tuple[list[SimOrder], list[News]]:
        """Cancel all orders of a symbol. Raises Refused(NOT_FOUND) if none is open."""
        market = self._markets[symbol]
        self._run_to(now_ns)
        resting = self._orders.open_of(account, symbol)
        if not resting:
            raise Refused(SimReject.NOT_FOUND)
        cancelled = [market.cancel(one, self._now_ns) for one in resting]
        market.commit(self._now_ns)
        return cancelled, self._take_news()

    def reduce(
        self,
        account: str,
        symbol: str,
        *,
        size: Decimal,
        now_ns: int,
        order_id: int = 0,
        client_id: str = "",
        new_client_id: str = "",
    ) -> tuple[SimOrder, list[News]]:
        """Reduce an open order to `size` (base, including fills); it keeps its queue position.

        Its client id becomes `new_client_id`, unless that is empty. Raises Refused.
        """
        market = self._markets[symbol]
        self._run_to(now_ns)
        found = self._orders.find(account, symbol, order_id=order_id, client_id=client_id)
        resting = self._orders.resting(found)
        reduced = market.reduce(resting, size, self._now_ns, new_client_id or found.client_id)
        return reduced, self._take_news()

    def load_depth(self, symbol: str, book: DepthBook, now_ns: int) -> list[News]:
        """Load a recorded snapshot into a recorded market; ignored if it is not newer."""
        capture = self._captures[symbol]
        self._run_to(now_ns)
        capture.load_depth(book, self._now_ns)
        return self._take_news()

    def apply_depth(
        self,
        symbol: str,
        *,
        first: int,
        last: int,
        bids: Levels,
        asks: Levels,
        now_ns: int,
    ) -> list[News]:
        """Apply a recorded diff and publish it with its ids; ignored if the depth includes it."""
        capture = self._captures[symbol]
        self._run_to(now_ns)
        capture.apply_depth(first=first, last=last, bids=bids, asks=asks, now_ns=self._now_ns)
        return self._take_news()

    def apply_best(self, news: BestNews) -> list[News]:
        """Apply a recorded best price, at `news.ts_ns`."""
        capture = self._captures[news.symbol]
        self._run_to(news.ts_ns)
        capture.apply_best(news)
        return self._take_news()

    def apply_print(self, news: PrintNews) -> list[News]:
        """Apply a recorded trade, at `news.ts_ns`: fills account orders at its price or better."""
        capture = self._captures[news.symbol]
        self._run_to(news.ts_ns)
        capture.apply_print(news)
        return self._take_news()

    def order(
        self, account: str, symbol: str, *, order_id: int = 0, client_id: str = ""
    ) -> SimOrder:
        """Return the newest order with that id, open or closed. Raises Refused(NOT_FOUND)."""
        return replace(self._orders.find(account, symbol, order_id=order_id, client_id=client_id))

    def open_orders(self, account: str, symbol: str = "") -> list[SimOrder]:
        """Return open orders, oldest first; of all symbols if none is given."""
        return [replace(resting.order) for resting in self._orders.open_of(account, symbol)]

    def trades(
        self, account: str, symbol: str, *, from_id: int = 0, limit: int = 500
    ) -> list[SimTrade]:
        """Return executions with id >= from_id, oldest first; from_id 0: the newest ones."""
        return self.truth.trades_of(account, symbol, from_id=from_id, limit=limit)

    def balances(self, account: str) -> dict[str, tuple[Decimal, Decimal]]:
        """Return (free, locked) by asset."""
        return self._clearing.holdings(account).all()

    def depth(self, symbol: str, limit: int) -> DepthBook:
        """Return the book as of the last run of the market, `limit` levels of each side."""
        return self._markets[symbol].publisher.snapshot(limit)

    def recorded_depth_id(self, symbol: str) -> int:
        """Return the newest recorded update id of the depth of a recorded market."""
        return self._captures[symbol].depth_id

    def mid(self, symbol: str) -> float:
        """Return the mid of a simulated market, quote/base; participants can't see it."""
        return self._flows[symbol].mid

    def _add_simulated(self, spec: MarketSpec, seed: str) -> None:
        grid, book = Grid(spec), RestingBook()
        # The stream's name is part of its seed: another one would change every simulated market.
        rng = Random(f"{seed}:scenery")
        if spec.real is None:
            random_background = RandomBackground(spec, rng)
        else:
            random_background = QueuedBackground(spec, spec.real, rng)
        publisher = Publisher(grid, book, random_background, self._emit)
        market = self._add_market(grid, book, random_background, publisher, trade_id_first=1)
        self._flows[spec.symbol] = Flow(market, random_background, seed=seed, now_ns=self._now_ns)
        publisher.flush(self._now_ns)

    def _add_recorded(self, spec: MarketSpec) -> None:
        grid, book, background = (
            Grid(spec),
            RestingBook(),
            RecordedBackground(spec.lot, spec.fill_model),
        )
        publisher = RecordedPublisher(grid, book, background, self._emit)
        market = self._add_market(
            grid, book, background, publisher, trade_id_first=self._own_trade_id_first
        )
        self._captures[spec.symbol] = Capture(market, background, publisher, self._emit)

    def _add_market(
        self,
        grid: Grid,
        book: RestingBook,
        background: Background,
        publisher: Publisher,
        *,
        trade_id_first: int,
    ) -> Market:
        market = Market(
            grid=grid,
            book=book,
            background=background,
            publisher=publisher,
            clearing=self._clearing,
            orders=self._orders,
            emit=self._emit,
            trade_id_first=trade_id_first,
        )
        self._markets[grid.spec.symbol] = market
        return market

    def _emit(self, news: News) -> None:
        self._news.append(news)

    def _take_news(self) -> list[News]:
        news, self._news = self._news, []
        return news

    def _run_to(self, now_ns: int) -> None:
        self._now_ns = max(self._now_ns, now_ns)
        if not self._flows:
            return
        flows = list(self._flows.values())
        while flows:
            first = min(flows, key=_next_ns)
            if first.next_ns > self._now_ns:
                break
            first.step()


def _next_ns(flow: Flow) -> int:
    return flow.next_ns
