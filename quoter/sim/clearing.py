"""Clearing: opens, fills and closes orders, with balances, truth ledger and reports."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from quoter.domain.market import Side
from quoter.sim.accounts import Holdings
from quoter.sim.grid import MONEY_STEP, Grid
from quoter.sim.messages import (
    BalanceNews,
    ExecutionReport,
    FeeCoin,
    MarketSpec,
    News,
    OrderKind,
    ReportType,
    SimOrder,
    SimOrderState,
    SimTrade,
)
from quoter.sim.truth import TruthLedger

type Emit = Callable[[News], None]


class Clearing:
    """Clearing of all symbols of the venue.

    The amount of a LIMIT order is locked until it is used. A MARKET order pays from the free
    balance.
    """

    def __init__(self, specs: Mapping[str, MarketSpec], emit: Emit) -> None:
        self.truth = TruthLedger({spec.symbol: (spec.base, spec.quote) for spec in specs.values()})
        self._specs = dict(specs)
        self._emit = emit
        self._holdings: dict[str, Holdings] = {}
        self._fee_coins: dict[str, FeeCoin] = {}

    def add_account(
        self, account: str, balances: Mapping[str, Decimal], fee_coin: FeeCoin | None = None
    ) -> None:
        """Add an account. Raises ValueError if it exists or a balance is negative."""
        if account in self._holdings:
            raise ValueError(f"account {account} exists")
        self._holdings[account] = Holdings(balances)
        if fee_coin is not None:
            self._fee_coins[account] = fee_coin
        self.truth.open(account, balances)

    def holdings(self, account: str) -> Holdings:
        """Return an account's holdings. Raises KeyError for an unknown account."""
        return self._holdings[account]

    def require(
        self, account: str, symbol: str, side: Side, *, base: Decimal, quote: Decimal
    ) -> None:
        """Raise Refused(BALANCE) unless the account can sell `base` or pay `quote`."""
        spec = self._specs[symbol]
        if side is Side.BUY:
            self._holdings[account].require(spec.quote, quote)
        else:
            self._holdings[account].require(spec.base, base)

    def open(self, order: SimOrder) -> None:
        """Lock the maximum cost of the order and report it. Raises Refused(BALANCE)."""
        if order.kind is not OrderKind.MARKET:
            asset, amount = self._pledge(order, order.size)
            self._holdings[order.account].lock(asset, amount)
        self._report(order, ReportType.NEW)

    def fill(
        self,
        order: SimOrder,
        grid: Grid,
        *,
        ticks: int,
        lots: int,
        trade_id: int,
        is_maker: bool,
        ts_ns: int,
    ) -> None:
        """Book one execution of `lots` at `ticks`: balances, truth ledger, report."""
        spec = self._specs[order.symbol]
        holdings = self._holdings[order.account]
        price, size = grid.price(ticks), grid.size(lots)
        notional = price * size
        if order.kind is not OrderKind.MARKET:
            holdings.unlock(*self._pledge(order, size))
        if order.side is Side.BUY:
            paid, got, paid_asset, got_asset = notional, size, spec.quote, spec.base
        else:
            paid, got, paid_asset, got_asset = size, notional, spec.base, spec.quote
        holdings.add(paid_asset, -paid)
        holdings.add(got_asset, got)
        fee, fee_asset = grid.fee(got, is_maker=is_maker), got_asset
        in_coin = self._in_fee_coin(order.account, grid.fee(notional, is_maker=is_maker))
        if in_coin is not None:
            fee, fee_asset = in_coin
        holdings.add(fee_asset, -fee)
        order.filled += size
        order.filled_quote += notional
        is_full = order.filled == order.size
        order.state = SimOrderState.FILLED if is_full else SimOrderState.PARTIALLY_FILLED
        order.updated_ns = ts_ns
        trade = SimTrade(
            trade_id=trade_id,
            ts_ns=ts_ns,
            account=order.account,
            symbol=order.symbol,
            order_id=order.order_id,
            client_id=order.client_id,
            side=order.side,
            price=price,
            size=size,
            fee=fee,
            fee_asset=fee_asset,
            is_maker=is_maker,
        )
        self.truth.record(trade)
        self._report(order, ReportType.TRADE, trade=trade)

    def _in_fee_coin(self, account: str, worth: Decimal) -> tuple[Decimal, str] | None:
        """Return a fee in the account's fee coin: (amount, asset); None if its balance is too low.

        worth: of the fee, in quote currency. None also for an account without a fee coin.
        """
        coin = self._fee_coins.get(account)
        if coin is None:
            return None
        fee = (worth / coin.price).quantize(MONEY_STEP, rounding=ROUND_DOWN)
        return (fee, coin.asset) if self._holdings[account].free(coin.asset) >= fee else None

    def close(
        self,
        order: SimOrder,
        state: SimOrderState,
        kind: ReportType,
        *,
        ts_ns: int,
        cancel_client_id: str = "",
    ) -> None:
        """Close an open order, unlock the rest of its amount and report it."""
        if order.kind is not OrderKind.MARKET:
            self._holdings[order.account].unlock(*self._pledge(order, order.leaves))
        order.state = state
        order.updated_ns = ts_ns
        self._report(order, kind, cancel_client_id=cancel_client_id)

    def reduce(self, order: SimOrder, size: Decimal, *, ts_ns: int, former_client_id: str) -> None:
        """Reduce an open order to `size` (base), unlock the difference and report it."""
        self._holdings[order.account].unlock(*self._pledge(order, order.size - size))
        order.size = size
        order.amendments += 1
        order.updated_ns = ts_ns
        self._report(order, ReportType.REPLACED, former_client_id=former_client_id)

    def settle(self, now_ns: int) -> None:
        """Report to every account its holdings of the assets that changed since the last call."""
        for account, holdings in self._holdings.items():
            if holdings.changed:
                balances = {asset: holdings.both(asset) for asset in holdings.changed}
                holdings.changed = {}
                self._emit(BalanceNews(ts_ns=now_ns, account=account, balances=balances))

    def _pledge(self, order: SimOrder, size: Decimal) -> tuple[str, Decimal]:
        """Return the asset and the amount that an order locks for `size` (base)."""
        spec = self._specs[order.symbol]
        if order.side is Side.BUY:
            return spec.quote, order.price * size
        return spec.base, size

    def _report(
        self,
        order: SimOrder,
        kind: ReportType,
        *,
        trade: SimTrade | None = None,
        cancel_client_id: str = "",
        former_client_id: str = "",
    ) -> None:
        self._emit(
            ExecutionReport(
                ts_ns=order.updated_ns,
                account=order.account,
                kind=kind,
                order=replace(order),
                trade=trade,
                cancel_client_id=cancel_client_id,
                former_client_id=former_client_id,
            )
        )
