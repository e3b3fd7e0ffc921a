"""Which steps are logged, and with which fields."""

from collections import Counter
from copy import replace
from decimal import Decimal

import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from quoter.domain.commands import CancelOrder, Denied, OrderIntent, OrderRule, PlaceOrder
from quoter.domain.events import (
    FeedDown,
    Kill,
    LiveParamsChanged,
    OrderReject,
    Tick,
    TopOfBook,
)
from quoter.domain.market import Level, Side, Stream
from quoter.domain.orders import OrderState
from quoter.domain.reasons import RejectReason
from quoter.domain.step import OrderChange, StateChange, Step
from quoter.domain.trading import CancelReason, Cause, TradingState
from quoter.telemetry.step_log import ACTIVITY_NS, LINES_MAX, REPEAT_NS, StepLog
from tests.unit.telemetry.samples import NOW_NS, PARAMS, QUOTE, filled_step, step

INTENT = OrderIntent(
    client_id="q0a2",
    side=Side.SELL,
    price=Decimal(60_010),
    size=Decimal(1),
    book_seq=7,
)
DENIED = Denied(intent=INTENT, rule=OrderRule.ORDER_SIZE, text="1 is above 0.005")


def lines(*steps: Step, quote_log_interval_s: float = 0.0) -> list[EventDict]:
    structlog.reset_defaults()
    log = StepLog(quote_log_interval_s=quote_log_interval_s)
    with capture_logs() as written:
        for one in steps:
            log.observe(one)
    return [dict(line) for line in written]


def test_a_book_update_writes_no_line() -> None:
    news = TopOfBook(ts_ns=NOW_NS, update_id=1, bid=Level(1.0, 1.0), ask=Level(2.0, 1.0))
    assert lines(step(event=news), step()) == []


def test_a_fill_has_the_inventory_after_it_and_its_edge() -> None:
    order, fill = lines(filled_step())
    assert (order["event"], order["after"]) == ("order", "FILLED")
    assert fill["event"] == "fill"
    assert fill["inventory_base"] == "0.01"
    assert fill["edge_quote"] == 0.05  # bought 10 under fair value, 0.005 of it


def test_the_usual_life_of_an_order_is_written_at_debug_and_counted_each_minute() -> None:
    usual = (OrderState.RESERVED, OrderState.OPEN, OrderState.PENDING_CANCEL, OrderState.CANCELED)
    changes = tuple(OrderChange(client_id="a", before=None, after=s, text="") for s in usual)
    minute = [step(event=Tick(ts_ns=NOW_NS + index), orders=changes) for index in range(200)]
    *found, activity = lines(*minute, step(event=Tick(ts_ns=NOW_NS + ACTIVITY_NS)))
    assert {line["log_level"] for line in found} == {"debug"}
    assert (activity["event"], activity["log_level"]) == ("activity", "info")
    assert {activity[state.value.lower()] for state in usual} == {200}


def test_fills_and_warnings_of_a_minute_are_limited_and_those_left_out_are_counted() -> None:
    unknown = OrderChange(client_id="b", before=None, after=OrderState.UNKNOWN, text="timeout")
    minute = [filled_step()._replace(orders=(unknown,)) for _ in range(LINES_MAX + 40)]
    later = step(event=Tick(ts_ns=minute[0].event.ts_ns + ACTIVITY_NS))
    written = [line for line in lines(*minute, later) if line["log_level"] != "debug"]
    events = Counter(line["event"] for line in written)
    assert events == {"fill": LINES_MAX, "order": LINES_MAX, "activity": 1}
    assert written[-1]["fills"] == LINES_MAX + 40
    assert written[-1]["fill_lines_left_out"] == written[-1]["order_lines_left_out"] == 40


def test_creates_that_are_not_sent_share_a_line_and_are_counted() -> None:
    """A machine under load denies many as too old: no line each."""
    steps = []
    for number in range(100):
        text = f"q{number} is too old: decided {250 + number} ms ago, limit 250 ms"
        event = OrderReject(
            ts_ns=NOW_NS + number, client_id="a", reason=RejectReason.NOT_SENT, text=text
        )
        change = OrderChange(
            client_id="a", before=OrderState.PENDING_NEW, after=OrderState.REJECTED, text=text
        )
        steps.append(step(event=event, orders=(change,)))
    *found, activity = lines(*steps, step(event=Tick(ts_ns=NOW_NS + ACTIVITY_NS)))
    (shared,) = [line for line in found if line["log_level"] != "debug"]
    assert (shared["event"], shared["log_level"]) == ("order_not_sent", "info")
    assert "q0 is too old: decided 250 ms ago" in shared["reason"]
    assert (activity["not_sent"], activity["rejected"]) == (100, 100)


def test_a_new_order_has_its_price_and_reason() -> None:
    place = PlaceOrder(
        client_id="q0a2", side=Side.SELL, price=Decimal("60.10"), size=Decimal(2), decided_ns=NOW_NS
    )
    change = OrderChange(client_id="q0a2", before=None, after=OrderState.RESERVED, text="requote")
    (line,) = lines(step(commands=(place,), orders=(change,)))
    assert (line["side"], line["price"], line["size"]) == ("SELL", "60.1", "2")
    assert line["reason"] == "requote"


def test_a_cancel_has_its_reason_and_an_unknown_order_is_a_warning() -> None:
    cancel = CancelOrder(client_id="a", venue_id="1", reason=CancelReason.SIDE_LIMIT)
    changes = (
        OrderChange(
            client_id="a", before=OrderState.OPEN, after=OrderState.PENDING_CANCEL, text=""
        ),
        OrderChange(
            client_id="b", before=OrderState.PENDING_NEW, after=OrderState.UNKNOWN, text="timeout"
        ),
    )
    first, second = lines(step(commands=(cancel,), orders=changes))
    assert first["cancel_reason"] == "side_limit"
    assert second["log_level"] == "warning"


def test_a_state_change_lists_its_causes() -> None:
    change = StateChange(
        before=TradingState.RUNNING,
        after=TradingState.KILLED,
        raised=((Cause.LOSS_LIMIT, "lost 101 of 100"),),
        cleared=(Cause.CLOCK,),
    )
    (line,) = lines(step(state=change))
    assert (line["before"], line["after"], line["log_level"]) == ("RUNNING", "KILLED", "error")
    assert line["raised"] == {"loss_limit": "lost 101 of 100"}
    assert line["cleared"] == ["clock"]


def test_a_repeated_denial_is_counted_and_not_logged_again() -> None:
    again = [step(event=Tick(ts_ns=NOW_NS + index), denied=(DENIED,)) for index in range(1_000)]
    later = step(event=Tick(ts_ns=NOW_NS + REPEAT_NS), denied=(DENIED,))
    first, second = lines(*again, later)
    assert first["event"] == "order_denied"
    assert first["reason"] == "1 is above 0.005"
    assert "repeated" not in first
    assert second["repeated"] == "999"


def test_a_denial_by_another_rule_is_logged_at_once() -> None:
    other = replace(DENIED, rule=OrderRule.BALANCE)
    assert len(lines(step(denied=(DENIED,)), step(denied=(other,)))) == 2


def test_sides_that_are_off_are_logged_when_they_change() -> None:
    (line,) = lines(step(quote=QUOTE), step(quote=QUOTE))
    assert line["name"] == "SELL:side_limit"


def test_lost_streams_and_operator_commands_are_logged() -> None:
    down = FeedDown(ts_ns=NOW_NS, stream=Stream.PRIVATE, text="closed")
    command = Kill(ts_ns=NOW_NS, actor="cli", reason="enough")
    first, second = lines(step(event=down), step(event=command))
    assert (first["event"], first["reason"]) == ("feed_down", "closed")
    assert (second["event"], second["action"]) == ("operator_command", "kill")


def test_anomalies_are_logged_by_name() -> None:
    (line,) = lines(step(anomalies=(("book_fault", "gap: 7 after 5"),)))
    assert (line["name"], line["detail"]) == ("book_fault", "gap: 7 after 5")


def test_no_edge_is_a_warning_and_other_anomalies_are_not() -> None:
    """It asks for a decision of the operator; the others are counted and explained."""
    for name, level in (("no_edge", "warning"), ("book_fault", "info")):
        (line,) = lines(step(anomalies=((name, "see /state"),)))
        assert line["log_level"] == level


def quoted(after_s: float, **changes: object) -> Step:
    now_ns = NOW_NS + round(after_s * 1e9)
    return step(**{"seq": 7, "event": Tick(ts_ns=now_ns), "quote": QUOTE} | changes)


def quote_term_lines(*steps: Step, quote_log_interval_s: float) -> list[EventDict]:
    return [
        line
        for line in lines(*steps, quote_log_interval_s=quote_log_interval_s)
        if line["event"] == "quote_terms"
    ]


def test_quote_terms_are_logged_at_once_and_then_at_the_interval() -> None:
    steps = [quoted(after_s, seq=index) for index, after_s in enumerate((0, 1, 29.9, 30, 31, 95))]
    found = quote_term_lines(*steps, quote_log_interval_s=30)
    assert [line["seq"] for line in found] == [0, 3, 5]
    assert all(line["log_level"] == "info" for line in found)
    assert found[0]["half_spread"] == 5.25


def test_an_interval_of_zero_logs_no_quote_terms() -> None:
    assert quote_term_lines(quoted(0), quoted(100), quote_log_interval_s=0) == []


def test_only_a_quote_with_terms_is_logged() -> None:
    """A quote without terms does not delay the next line."""
    none = replace(QUOTE, terms=None)
    found = quote_term_lines(
        quoted(0, quote=None), quoted(1, quote=none), quoted(2, seq=9), quote_log_interval_s=30
    )
    assert [line["seq"] for line in found] == [9]


def test_changed_live_parameters_are_logged_with_actor_and_reason() -> None:
    change = LiveParamsChanged(ts_ns=NOW_NS, params=PARAMS, actor="operator:1234", reason="calmer")
    (line,) = lines(step(event=change))
    assert (line["event"], line["actor"], line["reason"]) == (
        "live_params_changed",
        "operator:1234",
        "calmer",
    )
    assert (line["gamma"], line["side_cooldown_s"]) == (1.0, 5.0)
