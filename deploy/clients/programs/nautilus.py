"""NautilusTrader: a trading node with the data and the execution client of its Binance adapter."""

import time
from decimal import Decimal
from threading import Timer
from typing import Any

from nautilus_trader.adapters.binance.common.constants import BINANCE
from nautilus_trader.adapters.binance.config import (
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceInstrumentProviderConfig,
)
from nautilus_trader.adapters.binance.factories import (
    BinanceLiveDataClientFactory,
    BinanceLiveExecClientFactory,
)
from nautilus_trader.config import LoggingConfig, StrategyConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import BookType, OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, TraderId, Venue
from nautilus_trader.trading.strategy import Strategy
from report import STEPS, Target, report, target

XRP = InstrumentId.from_str("XRPUSDT.BINANCE")
BARS = BarType.from_str("BTCUSDT.BINANCE-1-SECOND-LAST-EXTERNAL")
BTC = InstrumentId.from_str("BTCUSDT.BINANCE")
NODE_S = 90.0
DATA = ("quote", "trade", "deltas", "bar")


class Steps(Strategy):
    """Subscribes, places a far order and a market order, cancels the first, reads balances."""

    def __init__(self, done: Any) -> None:
        super().__init__(StrategyConfig())
        self.outcome: dict[str, str] = {}
        self._done, self._seen, self._far = done, dict.fromkeys(DATA, 0), None

    def on_start(self) -> None:
        self.outcome["start"] = f"{len(self.cache.instruments())} instruments"
        self.subscribe_quote_ticks(XRP)
        self.subscribe_trade_ticks(BTC)
        self.subscribe_order_book_deltas(XRP, book_type=BookType.L2_MBP)
        self.subscribe_bars(BARS)

    def on_quote_tick(self, tick: Any) -> None:
        self._count("quote")
        if self._far is None:
            self._place(tick.bid_price.as_decimal())

    def on_trade_tick(self, _tick: Any) -> None:
        self._count("trade")

    def on_order_book_deltas(self, _deltas: Any) -> None:
        self._count("deltas")

    def on_bar(self, _bar: Any) -> None:
        self._count("bar")

    def on_order_accepted(self, event: Any) -> None:
        if self._far is not None and event.client_order_id == self._far.client_order_id:
            self.outcome["place"] = str(event.venue_order_id)
            market = self.order_factory.market(
                XRP, OrderSide.BUY, self.cache.instrument(XRP).make_qty(Decimal(50))
            )
            self.submit_order(market)

    def on_order_filled(self, event: Any) -> None:
        if event.order_type == OrderType.MARKET and "fill" not in self.outcome:
            self.outcome["fill"] = f"{event.last_qty} at {event.last_px}, fee {event.commission}"
            self.cancel_order(self._far)

    def on_order_canceled(self, event: Any) -> None:
        self.outcome["cancel"] = str(event.venue_order_id)
        account = self.portfolio.account(Venue("BINANCE"))
        held = {str(coin): str(amount) for coin, amount in account.balances_total().items()}
        if held:
            self.outcome["balances"] = str(held)
        self._finish()

    def _place(self, bid: Decimal) -> None:
        instrument = self.cache.instrument(XRP)
        self._far = self.order_factory.limit(
            XRP,
            OrderSide.BUY,
            instrument.make_qty(Decimal(100)),
            instrument.make_price(bid * Decimal("0.9")),
            post_only=True,
        )
        self.submit_order(self._far)

    def _count(self, kind: str) -> None:
        self._seen[kind] += 1
        if all(self._seen.values()) and "subscribe" not in self.outcome:
            self.outcome["subscribe"] = str(self._seen)
            self._finish()

    def _finish(self) -> None:
        if len(self.outcome) == len(STEPS):
            self._done()


def node_of(at: Target, *, secret: str, api_key: str) -> TradingNode:
    """Return a node whose two Binance clients use the sandbox."""
    provider = BinanceInstrumentProviderConfig(load_all=True, query_commission_rates=True)
    keys = {
        "api_key": api_key,
        "api_secret": secret,
        "base_url_http": at.url,
        "instrument_provider": provider,
    }
    node = TradingNode(
        TradingNodeConfig(
            trader_id=TraderId("SANDBOX-001"),
            logging=LoggingConfig(log_level="WARNING"),
            data_clients={BINANCE: BinanceDataClientConfig(base_url_ws=at.ws, **keys)},
            exec_clients={
                BINANCE: BinanceExecClientConfig(base_url_ws=f"{at.ws}/ws-api/v3", **keys)
            },
            timeout_connection=20.0,
            timeout_reconciliation=10.0,
        )
    )
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    return node


def main() -> None:
    """Run the node until every step has happened, with the Ed25519 key (its documented kind)."""
    at = target()
    node = node_of(at, api_key=at.ed25519_key, secret=at.private_key)
    strategy = Steps(lambda: node.get_event_loop().call_soon_threadsafe(node.stop))
    node.trader.add_strategy(strategy)
    node.build()
    alarm = Timer(NODE_S, lambda: node.get_event_loop().call_soon_threadsafe(node.stop))
    alarm.daemon = True
    alarm.start()
    began = time.monotonic()
    try:
        node.run()
    finally:
        alarm.cancel()
        for step in STEPS:
            late = f"not within {time.monotonic() - began:.0f} s"
            report(step, holds=step in strategy.outcome, seen=strategy.outcome.get(step, late))
        node.dispose()


main()
