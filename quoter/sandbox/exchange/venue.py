"""The exchange that every transport uses: matching engine, clock, records and listeners."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from quoter.domain.number_text import plain
from quoter.sandbox.config import Account, SandboxConfig
from quoter.sandbox.exchange.faults import Faults
from quoter.sandbox.exchange.history import History
from quoter.sandbox.exchange.rate_limits import Budgets
from quoter.sandbox.exchange.wire_log import WireLog
from quoter.sim.exchange import Exchange
from quoter.sim.messages import MarketSpec, News

MONEY_STEP = Decimal("0.00000001")
NO_LEVEL = (Decimal(0), Decimal(0))

type Level = tuple[Decimal, Decimal]
type Listener = Callable[[Sequence[News]], None]


class Venue:
    """One exchange with its accounts. All methods are synchronous; use from one event loop."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self._last_ns = 0
        self._execution_id = 0
        self.started_ns = self.now_ns()
        self.markets = {market.symbol: market for market in config.markets}
        recorded = {capture.symbol for capture in config.captures}
        if unlisted := recorded - set(self.markets):
            raise ValueError(f"no market is configured for the capture of {', '.join(unlisted)}")
        self.simulated = tuple(symbol for symbol in self.markets if symbol not in recorded)
        self.accounts = {account.api_key: account for account in config.accounts}
        behind = [_recorded(m) if m.symbol in recorded else m for m in config.markets]
        self._behind = behind
        self.exchange = self._new_exchange()
        self.faults = Faults(seed=config.seed, clock=self.now_ns)
        self.budgets = Budgets(config.limits)
        self.wire_log = WireLog()
        self.history = self._new_history()
        self.counts: Counter[str] = Counter()
        self.halted: set[str] = set()
        self._listeners: list[Listener] = []

    def now_ns(self) -> int:
        """Return wall-clock time that never runs backwards."""
        self._last_ns = max(self._last_ns, time.time_ns())
        return self._last_ns

    def listen(self, listener: Listener) -> None:
        """Call `listener` with all news from now on."""
        self._listeners.append(listener)

    def publish(self, news: Sequence[News]) -> None:
        """Pass the results of a call to the exchange to all listeners."""
        if news:
            self.history.receive(news)
            for listener in self._listeners:
                listener(news)

    def catch_up(self) -> int:
        """Advance the market to now and return that time."""
        now_ns = self.now_ns()
        self.publish(self.exchange.advance(now_ns))
        return now_ns

    def reset(self) -> None:
        """Lose all orders, trades and ids, and restore the opening balances, as a testnet does.

        No event reports the reset. All markets, halted ones too, start again at their first mid;
        changed filters stay. Raises ValueError if a market replays a recording.
        """
        if len(self.simulated) < len(self.markets):
            raise ValueError("a market that replays a recording can't be reset")
        self.exchange, self.history = self._new_exchange(), self._new_history()
        self.halted.clear()

    def _new_exchange(self) -> Exchange:
        exchange = Exchange(self._behind, seed=self.config.seed, now_ns=self.now_ns())
        for account in self.config.accounts:
            exchange.add_account(account.api_key, dict(account.balances), account.fee_coin)
        return exchange

    def _new_history(self) -> History:
        history = History()
        for symbol in self.simulated:
            history.open(self.markets[symbol], self.now_ns())
        return history

    def halt(self, symbol: str, *, is_halted: bool) -> None:
        """Close or open a symbol for trading; resting orders stay and can be cancelled."""
        self.exchange.halt(symbol, is_halted=is_halted)
        if is_halted:
            self.halted.add(symbol)
        else:
            self.halted.discard(symbol)

    def announce(self, terms: MarketSpec) -> None:
        """Change the filters for new orders of a symbol; resting orders stay (F-29).

        Raises ValueError unless tick and lot are multiples of the market's own.
        """
        grid = next(market for market in self.config.markets if market.symbol == terms.symbol)
        for name, step, value in (("tick", grid.tick, terms.tick), ("lot", grid.lot, terms.lot)):
            if not value > 0 or value % step:
                raise ValueError(f"{name} must be a multiple of {plain(step)}, not {plain(value)}")
        self.markets[terms.symbol] = terms

    def next_execution_id(self) -> int:
        """Return a new number for an execution report or an amendment."""
        self._execution_id += 1
        return self._execution_id

    def market(self, symbol: str) -> MarketSpec | None:
        """Return a symbol's specification, or `None` if it is not listed."""
        return self.markets.get(symbol)

    def best(self, symbol: str) -> tuple[Level, Level]:
        """Return (price, size) of the best bid and of the best ask; zeros for an empty side."""
        book = self.exchange.depth(symbol, 1)
        bid, ask = (side[0] if side else NO_LEVEL for side in (book.bids, book.asks))
        return bid, ask

    def account(self, api_key: str) -> Account | None:
        """Return the account of an API key, or `None` if there is none."""
        return self.accounts.get(api_key)


def _recorded(market: MarketSpec) -> MarketSpec:
    """Return the market for the matching engine if a recording feeds it.

    A recording may contain sizes that are no multiple of the present lot, from a time when the lot
    was smaller. So the lot is made as small as eight decimals of money allow. The filters still
    check new orders against the announced lot.
    """
    return replace(market, recorded=True, lot=min(market.lot, MONEY_STEP / market.tick))
