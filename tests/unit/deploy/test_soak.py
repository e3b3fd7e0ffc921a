"""The sampler of `make soak`: what it reads from /metrics, and its slope of the memory."""

import csv
import io

import pytest

from deploy.dev.soak import Row, rows_so_far, sample, slope_mib_per_h

TEXT = """# HELP quoter_trading_state 1 for the current trading state, else 0.
quoter_trading_state{state="RUNNING",symbol="BTC/USDT",venue="binance"} 0.0
quoter_trading_state{state="PAUSED",symbol="BTC/USDT",venue="binance"} 1.0
quoter_cause_active{cause="loop_lag",symbol="BTC/USDT",venue="binance"} 1.0
quoter_cause_active{cause="clock",symbol="BTC/USDT",venue="binance"} 0.0
quoter_causes_raised_total{cause="loop_lag",symbol="BTC/USDT",venue="binance"} 3.0
quoter_fills_total{liquidity="maker",side="BUY",symbol="BTC/USDT",venue="binance"} 4.0
quoter_fills_total{liquidity="maker",side="SELL",symbol="BTC/USDT",venue="binance"} 5.0
quoter_side_cooldown{side="BUY",symbol="BTC/USDT",venue="binance"} 0.0
quoter_side_cooldown{side="SELL",symbol="BTC/USDT",venue="binance"} 0.0
quoter_open_orders{side="BUY",symbol="BTC/USDT",venue="binance"} 1.0
quoter_open_orders{side="SELL",symbol="BTC/USDT",venue="binance"} 2.0
"""


def row(elapsed_s: float, rss_mib: float) -> Row:
    return Row(elapsed_s, rss_mib, "RUNNING", "", 1.0, 0.0, 0, "", 0, 0, 0.0)


def test_a_sample_has_state_causes_sides_and_counts() -> None:
    found = sample(TEXT)
    assert (found.state, found.causes, found.fills) == ("PAUSED", ("loop_lag",), 9)
    assert found.is_two_sided
    assert found.raised == {"loop_lag": 3}
    assert not sample(TEXT.replace("} 2.0", "} 0.0")).is_two_sided


@pytest.mark.parametrize("cooling_down", ["BUY", "SELL"])
def test_a_side_in_cooldown_is_not_just_missing(cooling_down: str) -> None:
    """Here the asks are missing."""
    side = f'quoter_side_cooldown{{side="{cooling_down}",symbol="BTC/USDT",venue="binance"}}'
    text = TEXT.replace("} 2.0", "} 0.0").replace(f"{side} 0.0", f"{side} 1.0")
    assert sample(text).is_cooldown == (cooling_down == "SELL")
    assert not sample(TEXT.replace(f"{side} 0.0", f"{side} 1.0")).is_cooldown


def test_the_slope_leaves_out_the_warm_up() -> None:
    rows = [row(0.0, 50.0), *(row(hour * 3_600.0, 100.0 + 2.0 * hour) for hour in range(1, 8))]
    assert slope_mib_per_h(rows) == pytest.approx(2.0)


def test_rows_are_read_as_they_were_written() -> None:
    rows = [row(15.0, 100.5), row(30.0, 101.0)]
    table = io.StringIO(newline="")
    csv.writer(table).writerows((Row._fields, *rows))
    table.seek(0)
    assert rows_so_far(table) == rows
