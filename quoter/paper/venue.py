"""The simulated venue of a paper run: a recorded market whose rows come from the live feed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from quoter.backtest.fill_terms import FillTerms
from quoter.backtest.seam import Channel
from quoter.backtest.simulated_gateway import SimulatedGateway
from quoter.domain.commands import CancelAll, Command
from quoter.domain.errors import VenueUnavailable
from quoter.domain.events import BestPricesReport, Event
from quoter.domain.market import Level, Side
from quoter.domain.trading import CancelReason
from quoter.domain.units import NS_PER_MS
from quoter.paper.real_time import RealTimeSchedule
from quoter.sim.exchange import Exchange
from quoter.sim.messages import MarketSpec
from quoter.sim.truth import Truth
from quoter.tapes.messages import Message
from quoter.tapes.playing import feed
from quoter.venues.config import NowNs
from quoter.venues.ports import Emit

ACCOUNT = "paper"
FLUSH_NS = 100 * NS_PER_MS  # interval at which the venue publishes changes of our orders


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperAccount:
    """Balances of the account at the start, and the id of its next execution.

    is_continued: whether the account is that of an earlier run.
    """

    balances: Mapping[str, Decimal]
    trade_id_first: int
    is_continued: bool


class PaperVenue:
    """The simulated venue in real time; `emit` gets all its events."""

    def __init__(
        self,
        market: MarketSpec,
        account: PaperAccount,
        terms: FillTerms,
        now_ns: NowNs,
        about: Mapping[str, str],
    ) -> None:
        """Build the venue inside a running event loop.

        `about`: rules, fees and account as texts.
        """
        self.about = about
        self._symbol = market.symbol
        self._schedule = RealTimeSchedule(now_ns, self._fail)
        self._exchange = Exchange(
            (replace(market, recorded=True, fill_model=terms.fill_model),),
            seed=0,
            now_ns=self._schedule.now_ns,
            own_trade_id_first=account.trade_id_first,
        )
        self._exchange.add_account(ACCOUNT, account.balances)
        self._gateway = SimulatedGateway(
            exchange=self._exchange,
            symbol=market.symbol,
            account=ACCOUNT,
            schedule=self._schedule,
            latency=terms.delay.latency,
            seam=terms.delay.seam(),
            post=self._post,
        )
        self._emit: Emit = _discard
        self._answers: set[asyncio.Future[Event | None]] = set()  # answers that are awaited
        self._failure = ""  # why the venue answers no more requests; empty while it does
        self._is_open = False

    def emit_to(self, emit: Emit) -> None:
        """Emit all later events of market and account to this function."""
        self._emit = emit

    async def run(self) -> None:
        """Keep the venue running until cancelled. Raises the error of a failed callback."""
        await self._schedule.watch()

    def close(self) -> None:
        """Stop the venue. Later requests fail."""
        self._schedule.close()
        self._fail(VenueUnavailable("closed"))

    def run_due(self) -> None:
        """Run everything at the venue that is due."""
        self._schedule.advance()

    def play(self, row: Message) -> None:
        """Apply one row of the live market."""
        self._schedule.advance()
        self._gateway.deliver(feed(self._exchange, self._symbol, row, self._schedule.now_ns))
        if not self._is_open:
            self._is_open = True
            self._schedule.at(self._schedule.now_ns + FLUSH_NS, self._flush)

    def publish_snapshot(self) -> None:
        """Publish the whole book, including our orders."""
        self._schedule.advance()
        self._gateway.resync()

    def announce(self, channel: Channel, event: Event) -> None:
        """Emit an event from outside the simulated market, with the latency of the channel."""
        self._schedule.advance()
        self._gateway.announce(channel, event)

    async def ask(self, command: Command) -> Event | None:
        """Send a command that has an answer; return the answer, or None after a time-out.

        Raises VenueUnavailable if the venue was closed or has failed.
        """
        if self._failure:
            raise VenueUnavailable(self._failure)
        self._schedule.advance()
        answer: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)
        self._gateway.request(command, partial(_set, answer))
        return await answer

    def cancel_all(self) -> None:
        """Send a request to cancel every order."""
        self._schedule.advance()
        self._gateway.send([CancelAll(reason=CancelReason.KILL)])

    def with_own_orders(self, report: BestPricesReport, update_id: int) -> BestPricesReport:
        """Return the live market's best prices with our orders added.

        update_id: id that the rows use for `report.last`; 0 if the report has none.
        """
        shown = self._exchange.depth(self._symbol, 1)
        row_id = self._exchange.recorded_depth_id(self._symbol)
        return replace(
            report,
            bid=self._better(Side.BUY, report.bid),
            ask=self._better(Side.SELL, report.ask),
            last=shown.last + update_id - row_id if update_id else 0,
        )

    def truth(self) -> Truth:
        """Return the venue's own record of the account."""
        orders = self._exchange.open_orders(ACCOUNT)
        return Truth(
            self._exchange.truth.balances(ACCOUNT), tuple(order.client_id for order in orders)
        )

    def _better(self, side: Side, level: Level) -> Level:
        own: dict[float, Decimal] = {}
        for order in self._exchange.open_orders(ACCOUNT):
            if order.side is side:
                price = float(order.price)
                own[price] = own.get(price, Decimal(0)) + order.leaves
        best = max(own, key=lambda price: side.sign * price, default=level.price)
        if side.sign * (best - level.price) > 0:
            return Level(best, float(own[best]))
        return Level(level.price, level.size + float(own.get(level.price, 0)))

    def _flush(self) -> None:
        self._gateway.deliver(self._exchange.flush_depth(self._symbol, self._schedule.now_ns))
        self._schedule.at(self._schedule.now_ns + FLUSH_NS, self._flush)

    def _fail(self, error: Exception) -> None:
        self._failure = f"the simulated venue failed: {type(error).__name__}: {error}"
        for answer in list(self._answers):
            if not answer.done():
                answer.set_exception(VenueUnavailable(self._failure))

    def _post(self, event: Event) -> None:
        """Emit an event in the next iteration of the event loop.

        Answers are passed on in that iteration too. If both are due at once after a busy loop, an
        event then does not overtake an earlier answer.
        """
        asyncio.get_running_loop().call_soon(self._emit, event)


def _set(answer: asyncio.Future[Event | None], event: Event | None) -> None:
    if not answer.done():
        answer.set_result(event)


def _discard(event: Event) -> None:
    """Discard an event that comes before `emit_to`."""
