"""Truth ledger: opening holdings and every execution of all accounts."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from quoter.domain.market import Side
from quoter.sim.messages import SimTrade


@dataclass(frozen=True, slots=True)
class Truth:
    """Record of one account in the exchange's own ledger: totals by asset, ids of open orders."""

    totals: dict[str, Decimal]
    open_client_ids: tuple[str, ...]


class TruthLedger:
    """Record of all executions, independent of the balances that must agree with it."""

    def __init__(self, assets: Mapping[str, tuple[str, str]]) -> None:
        """assets: (base, quote) by symbol."""
        self._assets = dict(assets)
        self._opening: dict[str, dict[str, Decimal]] = {}
        self._trades: list[SimTrade] = []
        self._by_account: dict[tuple[str, str], list[SimTrade]] = {}

    def open(self, account: str, balances: Mapping[str, Decimal]) -> None:
        """Record the opening holdings of an account."""
        self._opening[account] = dict(balances)

    def record(self, trade: SimTrade) -> None:
        """Record one execution."""
        self._trades.append(trade)
        self._by_account.setdefault((trade.account, trade.symbol), []).append(trade)

    @property
    def trades(self) -> Sequence[SimTrade]:
        """Every execution, in order of time."""
        return self._trades

    def trades_of(
        self, account: str, symbol: str, *, from_id: int = 0, limit: int = 500
    ) -> list[SimTrade]:
        """Return an account's executions with id >= from_id, oldest first; 0: the newest."""
        trades = self._by_account.get((account, symbol), [])
        if not from_id:
            return trades[-limit:]
        start = bisect_left(trades, from_id, key=lambda trade: trade.trade_id)
        return trades[start : start + limit]

    def opening(self, account: str) -> dict[str, Decimal]:
        return dict(self._opening[account])

    def balances(self, account: str) -> dict[str, Decimal]:
        """Return holdings (free plus locked) by asset, recomputed from opening and trades."""
        total = dict(self._opening[account])
        for trade in self._trades:
            if trade.account != account:
                continue
            base, quote = self._assets[trade.symbol]
            sign = 1 if trade.side is Side.BUY else -1
            for asset, amount in (
                (base, sign * trade.size),
                (quote, -sign * trade.size * trade.price),
                (trade.fee_asset, -trade.fee),
            ):
                total[asset] = total.get(asset, Decimal(0)) + amount
        return total
