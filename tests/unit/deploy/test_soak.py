"""The sampler of `make soak`: what it reads from /metrics, and its slope of the memory."""

import pytest

from deploy.dev.soak import Row, sample, slope_mib_per_h

TEXT = """# HELP quoter_trading_state 1 for the current trading state, else 0.
quoter_trading_state{symbol="ABC/USD",state="RUNNING"} 0.0
quoter_trading_state{symbol="ABC/USD",state="PAUSED"} 1.0
quoter_cause_active{symbol="ABC/USD",cause="loop_lag"} 1.0
quoter_cause_active{symbol="ABC/USD",cause="clock"} 0.0
quoter_causes_raised_total{symbol="ABC/USD",cause="loop_lag"} 3.0
quoter_fills_total{symbol="ABC/USD",side="buy",liquidity="maker"} 4.0
quoter_fills_total{symbol="ABC/USD",side="sell",liquidity="maker"} 5.0
quoter_open_orders{symbol="ABC/USD",side="buy"} 1.0
quoter_open_orders{symbol="ABC/USD",side="sell"} 2.0
"""


def row(elapsed_s: float, rss_mib: float) -> Row:
    return Row(elapsed_s, rss_mib, "RUNNING", "", 1.0, 0, "", 0, 0, 0.0)


def test_a_sample_has_state_causes_sides_and_counts() -> None:
    found = sample(TEXT)
    assert (found.state, found.causes, found.fills) == ("PAUSED", ("loop_lag",), 9)
    assert found.is_two_sided
    assert found.raised == {"loop_lag": 3}
    assert not sample(TEXT.replace("} 2.0", "} 0.0")).is_two_sided


def test_the_slope_leaves_out_the_warm_up() -> None:
    rows = [row(0.0, 50.0), *(row(hour * 3_600.0, 100.0 + 2.0 * hour) for hour in range(1, 8))]
    assert slope_mib_per_h(rows) == pytest.approx(2.0)
