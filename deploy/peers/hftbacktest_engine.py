"""hftbacktest's engine as both comparisons use it: constant latency, risk-averse queue, no fee."""

import hftbacktest as hft
import numpy as np

LATENCY_NS = 10_000_000  # of an order, and of its answer


def engine_of(data: np.ndarray, *, tick: float, lot: float) -> hft.HashMapMarketDepthBacktest:
    """Return an engine that plays the events of one market."""
    asset = (
        hft.BacktestAsset()
        .data([data])
        .linear_asset(1.0)
        .constant_order_latency(LATENCY_NS, LATENCY_NS)
        .risk_adverse_queue_model()
        .partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(tick)
        .lot_size(lot)
        .last_trades_capacity(0)
    )
    return hft.HashMapMarketDepthBacktest([asset])
