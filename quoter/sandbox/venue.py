"""The venue behind every transport: the matching engine, its clock, its records, its listeners."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from quoter.sandbox.config import Account, SandboxConfig
from quoter.sandbox.faults import Faults
from quoter.sandbox.history import History
from quoter.sandbox.limits import Budgets
from quoter.sandbox.wire_log import WireLog
from quoter.sim.exchange import Exchange
from quoter.sim.messages import MarketSpec, News

type Listener = Callable[[Sequence[News]], None]


class Venue:
    """One exchange with its accounts. Everything here is synchronous and runs on one loop."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self._last_ns = 0
        self._execution_id = 0
        self.started_ns = self.now_ns()
        self.markets = {market.symbol: market for market in config.markets}
        self.simulated = tuple(market.symbol for market in config.markets if not market.recorded)
        self.accounts = {account.api_key: account for account in config.accounts}
        self.exchange = Exchange(config.markets, seed=config.seed, now_ns=self.started_ns)
        for account in config.accounts:
            self.exchange.add_account(account.api_key, dict(account.balances))
        self.faults = Faults(seed=config.seed, clock=self.now_ns)
        self.budgets = Budgets(config.limits)
        self.wire_log = WireLog()
        self.history = History()
        self.counts: Counter[str] = Counter()
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
