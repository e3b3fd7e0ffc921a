"""The venue behind every transport: the matching engine, its clock, its records, its listeners."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from quoter.sandbox.config import Account, SandboxConfig
from quoter.sandbox.exchange.faults import Faults
from quoter.sandbox.exchange.history import History
from quoter.sandbox.exchange.rate_limits import Budgets
from quoter.sandbox.exchange.wire_log import WireLog
from quoter.sim.exchange import Exchange
from quoter.sim.messages import MarketSpec, News

MONEY_STEP = Decimal("0.00000001")

type Listener = Callable[[Sequence[News]], None]


class Venue:
    """One exchange with its accounts. Everything here is synchronous and runs on one loop."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self._last_ns = 0
        self._execution_id = 0
        self.started_ns = self.now_ns()
        self.markets = {market.symbol: market for market in config.markets}
        recorded = {capture.symbol for capture in config.captures}
        if unlisted := recorded - set(self.markets):
            raise ValueError(f"a capture of {', '.join(unlisted)}, which is not listed here")
        self.simulated = tuple(symbol for symbol in self.markets if symbol not in recorded)
        self.accounts = {account.api_key: account for account in config.accounts}
        behind = [_recorded(m) if m.symbol in recorded else m for m in config.markets]
        self.exchange = Exchange(behind, seed=config.seed, now_ns=self.started_ns)
        for account in config.accounts:
            self.exchange.add_account(account.api_key, dict(account.balances), account.fee_coin)
        self.faults = Faults(seed=config.seed, clock=self.now_ns)
        self.budgets = Budgets(config.limits)
        self.wire_log = WireLog()
        self.history = History()
        self.counts: Counter[str] = Counter()
        self.halted: set[str] = set()
        self._listeners: list[Listener] = [self.history.hear]

    def now_ns(self) -> int:
        """Wall clock that never runs backwards."""
        self._last_ns = max(self._last_ns, time.time_ns())
        return self._last_ns

    def listen(self, listener: Listener) -> None:
        """Tell `listener` everything that happens from now on."""
        self._listeners.append(listener)

    def publish(self, news: Sequence[News]) -> None:
        """Tell the world what a call to the exchange brought."""
        if news:
            for listener in self._listeners:
                listener(news)

    def catch_up(self) -> int:
        """Let the market run up to now; returns the time, which requests then carry."""
        now_ns = self.now_ns()
        self.publish(self.exchange.advance(now_ns))
        return now_ns

    def halt(self, symbol: str, *, is_halted: bool) -> None:
        """Close or open a symbol for trading; resting orders stay and can be cancelled."""
        self.exchange.halt(symbol, is_halted=is_halted)
        if is_halted:
            self.halted.add(symbol)
        else:
            self.halted.discard(symbol)

    def announce(self, terms: MarketSpec) -> None:
        """Hold new orders of a symbol to other filters; what rests stays (F-29).

        The market behind keeps its grid: tick and lot must be multiples of it, or ValueError.
        """
        grid = next(market for market in self.config.markets if market.symbol == terms.symbol)
        for name, step, wish in (("tick", grid.tick, terms.tick), ("lot", grid.lot, terms.lot)):
            if not wish > 0 or wish % step:
                raise ValueError(f"{name} must be a multiple of {step}, not {wish}")
        self.markets[terms.symbol] = terms

    def next_execution_id(self) -> int:
        """A number for each execution report and each amendment."""
        self._execution_id += 1
        return self._execution_id

    def market(self, symbol: str) -> MarketSpec | None:
        """The symbol's terms, None if it is not listed."""
        return self.markets.get(symbol)

    def account(self, api_key: str) -> Account | None:
        """The account of a key, None if nobody has it."""
        return self.accounts.get(api_key)


def _recorded(market: MarketSpec) -> MarketSpec:
    """The market as the matching engine keeps it when a recording feeds it.

    Real books hold sizes off today's lot, left from a finer one: the lot becomes as fine as money
    in eight decimals allows. The filters hold new orders to the announced lot all the same.
    """
    return replace(market, recorded=True, lot=min(market.lot, MONEY_STEP / market.tick))
