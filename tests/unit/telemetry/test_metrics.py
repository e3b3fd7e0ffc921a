"""Values that a scrape reads, and the rules for names and labels."""

import math
import shutil
import subprocess
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from quoter.domain.commands import CancelAll, Denied, OrderIntent, OrderRule, PlaceOrder
from quoter.domain.events import FeedDown, FeedUp, OrderReject
from quoter.domain.market import Side, Stream
from quoter.domain.reasons import RejectReason
from quoter.domain.step import RegimeView, StateChange
from quoter.domain.trading import CancelReason, Cause, Regime, TradingState
from quoter.telemetry.latency import Latency
from quoter.telemetry.metrics import LABEL_VALUES_MAX, Metrics
from tests.unit.telemetry.samples import NOW_NS, QUOTE, empty, filled_step, paused, snapshot, step

SERIES_MAX = 2_000
ALLOWED_LABELS = {
    "symbol", "venue", "side", "reason", "rule", "state", "phase", "cause", "event", "stream",
    "level", "name", "asset", "part", "liquidity", "horizon", "distance", "confidence", "speed",
    "version", "environment", "le", "latched", "report", "status", "stop", "code", "config",
}  # fmt: skip


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(symbol="BTC/USDT", venue="binance", environment="sandbox")


def value(metrics: Metrics, metric: str, /, **labels: str) -> float:
    found = metrics.registry.get_sample_value(
        metric, {"symbol": "BTC/USDT", "venue": "binance", **labels}
    )
    assert found is not None, metric
    return found


def busy(metrics: Metrics) -> bytes:
    metrics.observe(filled_step())
    metrics.observe(step(quote=QUOTE, anomalies=(("book_fault", "gap"),)))
    metrics.observe_latency(Latency.WIRE_TO_ACK, 0.003)
    metrics.set_inbox_events(3)
    return metrics.render(snapshot())


def test_gauges_are_set_from_the_snapshot(metrics: Metrics) -> None:
    metrics.update(snapshot())
    assert value(metrics, "quoter_trading_state", state="RUNNING") == 1
    assert value(metrics, "quoter_trading_state", state="PAUSED") == 0
    assert value(metrics, "quoter_book_age_seconds") == 0.25
    assert value(metrics, "quoter_mid_quote") == 60_000
    assert value(metrics, "quoter_reservation_price_quote") == 59_999
    assert value(metrics, "quoter_quote_price_quote", side="BUY") == 59_993.04
    assert value(metrics, "quoter_order_price_quote", side="SELL") == 60_006.5
    assert value(metrics, "quoter_widening_quote", side="BUY") == 0.21
    assert value(metrics, "quoter_inventory_base") == 0.01
    assert value(metrics, "quoter_inventory_limit_base") == 0.05
    assert value(metrics, "quoter_exposure_base", side="SELL") == 0.005
    assert value(metrics, "quoter_pnl_quote", part="total") == 0.52
    assert value(metrics, "quoter_pnl_quote", part="held") == 0.01
    assert value(metrics, "quoter_markout_quote", side="BUY", horizon="5s") == -0.18
    assert value(metrics, "quoter_realised_spread_bps", side="BUY", horizon="5s") == 5
    assert value(metrics, "quoter_fees_paid", asset="USDT") == 0.03
    assert value(metrics, "quoter_live_param", name="side_cooldown_s") == 5
    assert value(metrics, "quoter_sigma_realised_ratio") == 0.95
    assert value(metrics, "quoter_gamma_effective_ratio") == 1.05


def test_the_market_regime_and_its_volatilities_are_exported(metrics: Metrics) -> None:
    metrics.update(snapshot())
    assert value(metrics, "quoter_market_regime", level="NORMAL") == 1
    assert value(metrics, "quoter_regime_sigma_quote_per_sqrt_second", speed="usual") == 3
    metrics.update(snapshot(regime=RegimeView(level=Regime.WIDE)))
    assert value(metrics, "quoter_market_regime", level="NORMAL") == 0
    assert value(metrics, "quoter_market_regime", level="WIDE") == 1
    assert math.isnan(value(metrics, "quoter_regime_sigma_quote_per_sqrt_second", speed="now"))
    assert value(metrics, "quoter_drawdown_quote") == 1.25


def test_loss_limits_and_safety_gauges_are_exported(metrics: Metrics) -> None:
    assert value(metrics, "quoter_dead_man_timeout_seconds") == 0
    assert math.isnan(value(metrics, "quoter_dead_man_age_seconds"))
    metrics.safety.set_limits(loss_max=Decimal(100), drawdown_max=Decimal(80))
    assert value(metrics, "quoter_loss_limit_quote") == 100
    assert value(metrics, "quoter_drawdown_limit_quote") == 80
    flag = [True]
    metrics.safety.follow_latch(lambda: flag[0])
    metrics.safety.follow_key_rights(lambda: not flag[0])
    metrics.safety.follow_external_stops(
        {"sentinel": lambda: flag[0], "dead_man": lambda: not flag[0]}
    )
    metrics.safety.follow_dead_man(60, lambda: 7.5)
    for is_active in (True, False):
        flag[0] = is_active
        assert value(metrics, "quoter_latch_not_written") == is_active
        assert value(metrics, "quoter_key_rights_verified") == (not is_active)
        assert value(metrics, "quoter_external_stop_active", stop="sentinel") == is_active
        assert value(metrics, "quoter_external_stop_active", stop="dead_man") == (not is_active)
    assert value(metrics, "quoter_dead_man_timeout_seconds") == 60
    assert value(metrics, "quoter_dead_man_age_seconds") == 7.5


def test_exactly_the_current_state_and_its_causes_are_1(metrics: Metrics) -> None:
    metrics.update(snapshot())
    metrics.update(paused())
    flag = [
        state for state in TradingState if value(metrics, "quoter_trading_state", state=state.name)
    ]
    assert flag == [TradingState.PAUSED]
    assert value(metrics, "quoter_cause_active", cause="book_stale") == 1
    metrics.update(snapshot())
    assert value(metrics, "quoter_cause_active", cause="book_stale") == 0


def test_an_unknown_value_is_nan_and_not_the_last_known_one(metrics: Metrics) -> None:
    metrics.update(snapshot())
    metrics.update(empty())
    for name in ("quoter_mid_quote", "quoter_book_age_seconds", "quoter_fair_value_quote"):
        assert math.isnan(value(metrics, name))
    assert math.isnan(value(metrics, "quoter_order_price_quote", side="BUY"))
    assert math.isnan(value(metrics, "quoter_realised_spread_bps", side="SELL", horizon="1s"))


def test_counters_count_the_steps(metrics: Metrics) -> None:
    intent = OrderIntent(
        client_id="a", side=Side.BUY, price=Decimal(1), size=Decimal(1), book_seq=7
    )
    place = PlaceOrder(
        client_id="a", side=Side.BUY, price=Decimal(1), size=Decimal(1), decided_ns=NOW_NS
    )
    change = StateChange(
        before=TradingState.RUNNING,
        after=TradingState.PAUSED,
        raised=((Cause.CLOCK, "off"),),
        cleared=(),
    )
    reject = OrderReject(
        ts_ns=NOW_NS, client_id="a", reason=RejectReason.POST_ONLY, text="would take"
    )
    metrics.observe(filled_step())
    metrics.observe(step(commands=(place, CancelAll(reason=CancelReason.STATE)), state=change))
    metrics.observe(
        step(event=reject, denied=(Denied(intent=intent, rule=OrderRule.BALANCE, text=""),))
    )
    metrics.observe(step(event=FeedUp(ts_ns=NOW_NS, stream=Stream.MARKET), quote=QUOTE))
    metrics.observe(step(event=FeedDown(ts_ns=NOW_NS, stream=Stream.MARKET, text="")))
    assert value(metrics, "quoter_steps_total") == 5
    assert value(metrics, "quoter_fills_total", side="BUY", liquidity="maker") == 1
    assert value(metrics, "quoter_volume_quote_total", side="BUY") == pytest.approx(299.95)
    assert value(metrics, "quoter_order_changes_total", state="filled") == 1
    assert value(metrics, "quoter_orders_placed_total", side="BUY") == 1
    assert value(metrics, "quoter_cancels_total", reason="state") == 1
    assert value(metrics, "quoter_causes_raised_total", cause="clock") == 1
    assert value(metrics, "quoter_order_rejects_total", reason="post_only") == 1
    assert value(metrics, "quoter_orders_denied_total", rule="balance") == 1
    assert value(metrics, "quoter_sides_off_total", side="SELL", reason="side_limit") == 1
    assert value(metrics, "quoter_feed_connects_total", stream="market") == 1
    assert value(metrics, "quoter_feed_losses_total", stream="market") == 1


@pytest.mark.parametrize("kind", list(Latency))
def test_each_latency_has_its_histogram(metrics: Metrics, kind: Latency) -> None:
    metrics.observe_latency(kind, 0.003)
    assert value(metrics, f"quoter_{kind}_seconds_count") == 1
    assert value(metrics, f"quoter_{kind}_seconds_bucket", le="0.005") == 1
    assert value(metrics, f"quoter_{kind}_seconds_bucket", le="0.0025") == 0


def test_two_daemons_in_one_process_do_not_share_metrics(metrics: Metrics) -> None:
    other = Metrics(symbol="BTC/USDT", venue="binance", environment="sandbox")
    other.observe(step())
    assert value(metrics, "quoter_steps_total") == 0


def test_labels_are_known_and_their_values_are_bounded(metrics: Metrics) -> None:
    for index in range(10 * LABEL_VALUES_MAX):
        metrics.observe(step(anomalies=((f"made_up_{index}", ""),)))
    families = list(text_string_to_metric_families(busy(metrics).decode()))
    samples = [sample for family in families for sample in family.samples]
    assert len(samples) < SERIES_MAX
    assert {label for sample in samples for label in sample.labels} <= ALLOWED_LABELS
    assert value(metrics, "quoter_anomalies_total", name="other") >= 9 * LABEL_VALUES_MAX


def test_rejected_messages_follow_the_totals_of_the_feed(metrics: Metrics) -> None:
    metrics.process.count_rejected({"unreadable": 2, "gap": 0})
    metrics.process.count_rejected({"unreadable": 5, "gap": 1})
    assert value(metrics, "quoter_feed_rejected_total", reason="unreadable") == 5
    assert value(metrics, "quoter_feed_rejected_total", reason="gap") == 1


def test_the_metrics_show_that_a_recording_stopped(metrics: Metrics) -> None:
    metrics.process.set_recording(is_on=True, dropped=0)
    assert value(metrics, "quoter_recording_on") == 1
    metrics.process.set_recording(is_on=False, dropped=3)
    metrics.process.set_recording(is_on=False, dropped=5)
    assert value(metrics, "quoter_recording_on") == 0
    assert value(metrics, "quoter_events_unrecorded_total") == 5


def test_every_metric_has_our_prefix_and_a_help_text(metrics: Metrics) -> None:
    for family in text_string_to_metric_families(busy(metrics).decode()):
        assert family.name.startswith("quoter_")
        assert family.documentation.endswith(".") or family.name.endswith("_created"), family.name


def test_promtool_accepts_the_metrics(metrics: Metrics) -> None:
    text = busy(metrics)
    assert b"# TYPE quoter_fills_total counter" in text
    if promtool := shutil.which("promtool"):
        done = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
