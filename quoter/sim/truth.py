"""Truth ledger: opening holdings, and the changes by every execution since."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from quoter.domain.market import Side
from quoter.sim.messages import SimTrade

TRADES_MAX = 20_000  # executions that are kept; 10 MB


@dataclass(frozen=True, slots=True)
class Truth:
    """An account's totals by asset and its open orders' client ids, from the exchange's ledger."""

    totals: dict[str, Decimal]
    open_client_ids: tuple[str, ...]


class TruthLedger:
    """Record of all executions, independent of the balances that must agree with it.

    The newest executions (`TRADES_MAX` at most) are kept; of older ones only the sums.
    """

    def __init__(self, assets: Mapping[str, tuple[str, str]]) -> None:
        """Start empty. `assets`: symbol to (base, quote)."""
        self._assets = dict(assets)
        self._opening: dict[str, dict[str, Decimal]] = {}
        self._before: dict[str, dict[str, Decimal]] = {}  # holdings before the kept executions
        self._trades: list[SimTrade] = []
        self._by_account: dict[tuple[str, str], list[SimTrade]] = {}
        self._removed = 0

    def open(self, account: str, balances: Mapping[str, Decimal]) -> None:
        """Record the opening holdings of an account."""
        self._opening[account] = dict(balances)
        self._before[account] = dict(balances)

    def record(self, trade: SimTrade) -> None:
        """Record one execution."""
        self._trades.append(trade)
        self._by_account.setdefault((trade.account, trade.symbol), []).append(trade)
        if len(self._trades) > TRADES_MAX:
            self._remove(TRADES_MAX // 2)

    @property
    def trades(self) -> Sequence[SimTrade]:
        """The newest executions, in order of time."""
        return self._trades

    @property
    def count(self) -> int:
        """The number of all executions."""
        return self._removed + len(self._trades)

    def trades_of(
        self, account: str, symbol: str, *, from_id: int = 0, limit: int = 500
    ) -> list[SimTrade]:
        """Return an account's kept executions with id >= from_id, oldest first; 0: the newest."""
        trades = self._by_account.get((account, symbol), [])
        if not from_id:
            return trades[-limit:]
        start = bisect_left(trades, from_id, key=lambda trade: trade.trade_id)
        return trades[start : start + limit]

    def opening(self, account: str) -> dict[str, Decimal]:
        return dict(self._opening[account])

    def balances(self, account: str) -> dict[str, Decimal]:
        """Return holdings (free plus locked) by asset, recomputed from opening and trades."""
        total = dict(self._before[account])
        for trade in self._trades:
            if trade.account == account:
                self._apply(trade, total)
        return total

    def _apply(self, trade: SimTrade, total: dict[str, Decimal]) -> None:
        base, quote = self._assets[trade.symbol]
        sign = 1 if trade.side is Side.BUY else -1
        for asset, amount in (
            (base, sign * trade.size),
            (quote, -sign * trade.size * trade.price),
            (trade.fee_asset, -trade.fee),
        ):
            total[asset] = total.get(asset, Decimal(0)) + amount

    def _remove(self, number: int) -> None:
        """Replace the oldest `number` executions by their sums."""
        oldest, self._trades = self._trades[:number], self._trades[number:]
        self._removed += number
        for trade in oldest:
            self._apply(trade, self._before[trade.account])
        for (account, symbol), removed in Counter(
            (trade.account, trade.symbol) for trade in oldest
        ).items():
            del self._by_account[account, symbol][:removed]
