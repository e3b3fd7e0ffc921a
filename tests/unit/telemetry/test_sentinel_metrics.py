"""The sentinel's metrics have the daemon's labels and exist from the start."""

from quoter.service.sentinel.heartbeat_monitor import DaemonState
from quoter.telemetry.sentinel_metrics import SentinelMetrics


def metrics() -> SentinelMetrics:
    return SentinelMetrics(symbol="BTC/USDT", venue="binance", states=tuple(DaemonState))


def test_counters_exist_from_the_start_so_that_their_first_increase_is_seen() -> None:
    text = metrics().render().decode()
    assert 'quoter_sentinel_kills_total{symbol="BTC/USDT",venue="binance"} 0.0' in text
    assert 'quoter_sentinel_cancelled_orders_total{symbol="BTC/USDT",venue="binance"} 0.0' in text
    assert 'quoter_sentinel_own_orders{symbol="BTC/USDT",venue="binance"} NaN' in text


def test_checks_and_kills_are_exported() -> None:
    ours = metrics()
    ours.set_daemon_state(DaemonState.SILENT, 3.5)
    ours.count_kill()
    ours.count_cancelled(found=3, left=1)
    ours.set_check_age(0.5)
    before = ours.render().decode()
    ours.set_latch(is_written=False)
    text = ours.render().decode()
    labels = 'symbol="BTC/USDT",venue="binance"'
    assert f'quoter_sentinel_daemon_state{{state="silent",{labels}}} 1.0' in text
    assert f'quoter_sentinel_daemon_state{{state="alive",{labels}}} 0.0' in text
    assert f"quoter_sentinel_heartbeat_age_seconds{{{labels}}} 3.5" in text
    assert f"quoter_sentinel_kills_total{{{labels}}} 1.0" in text
    assert f"quoter_sentinel_own_orders{{{labels}}} 3.0" in text
    assert f"quoter_sentinel_cancelled_orders_total{{{labels}}} 2.0" in text
    latch = f"quoter_sentinel_latch_not_written{{{labels}}}"
    assert f"{latch} 0.0" in before
    assert f"{latch} 1.0" in text
    assert f"quoter_sentinel_check_age_seconds{{{labels}}} 0.5" in text
