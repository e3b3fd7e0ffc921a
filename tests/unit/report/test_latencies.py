"""Latencies from the times of a recording, with quantiles of bounded error."""

from decimal import Decimal

import pytest

from quoter.domain.commands import CancelOrder
from quoter.domain.events import Event, OrderAck, OrderDone, OrderReject, OrderSent, Tick, TopOfBook
from quoter.domain.market import Level
from quoter.domain.reasons import DoneReason, RejectReason
from quoter.domain.step import Step
from quoter.domain.trading import CancelReason
from quoter.domain.units import NS_PER_MS
from quoter.report.latencies import Histogram, Latencies, LatencyKind
from tests.unit.state.cases import place


def ms(number: float) -> int:
    return round(number * NS_PER_MS)


def figures(*steps: Step) -> dict[LatencyKind, float]:
    """The median of each kind, s."""
    latencies = Latencies()
    for step in steps:
        latencies.observe(step)
    return {row.kind: row.p50_s for row in latencies.result()}


def step(event: Event, *commands: object) -> Step:
    return Step(1, event, commands)  # type: ignore[arg-type]  # of the test's own choice


def market(at_ms: float) -> TopOfBook:
    level = Level(1.0, 1.0)
    return TopOfBook(ts_ns=ms(at_ms), update_id=1, bid=level, ask=level)


def test_a_request_is_followed_from_the_market_message_to_its_end() -> None:
    cancel = CancelOrder(client_id="q1", venue_id="", reason=CancelReason.REQUOTE)
    done = OrderDone(ts_ns=ms(25), client_id="q1", reason=DoneReason.CANCELED, filled=Decimal(0))
    assert figures(
        step(market(0), place("q1")),
        step(OrderSent(ts_ns=ms(1), client_id="q1")),
        step(OrderAck(ts_ns=ms(9), client_id="q1", venue_id="v")),
        step(market(20), cancel),
        step(done),
    ) == {
        LatencyKind.BOOK_TO_SENT: pytest.approx(0.001, rel=0.03),
        LatencyKind.SENT_TO_ACK: pytest.approx(0.008, rel=0.03),
        LatencyKind.CANCEL_TO_END: pytest.approx(0.005, rel=0.03),
    }


def test_orders_of_a_tick_and_orders_that_were_not_sent_are_not_counted() -> None:
    refused = OrderReject(ts_ns=ms(5), client_id="q1", reason=RejectReason.NOT_SENT, text="")
    steps = (
        step(Tick(ts_ns=0), place("q1")),
        step(OrderSent(ts_ns=ms(1), client_id="q1")),
        step(refused),
    )
    assert figures(*steps) == {}


def test_quantiles_are_exact_within_three_percent() -> None:
    histogram = Histogram()
    for number in range(1, 1_001):
        histogram.add(number / 1_000)
    for share in (0.5, 0.9, 0.99):
        assert histogram.quantile_s(share) == pytest.approx(share, rel=0.03)
    assert histogram.quantile_s(1.0) <= histogram.max_s == 1.0
    assert sum(count for _, count in histogram.classes()) == 1_000
