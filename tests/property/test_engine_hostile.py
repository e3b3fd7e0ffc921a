"""The engine answers any event a venue may send with a step, never with an exception."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quoter.domain.events import (
    BalanceReport,
    BookDelta,
    BookSnapshot,
    CancelReject,
    Event,
    FeedDown,
    FeedUp,
    Fill,
    OpenOrdersReport,
    OrderAck,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderSent,
    OrderUnknown,
    RateLimited,
    ReportFailed,
    Tick,
    TopOfBook,
    Trade,
    TradesReport,
)
from quoter.domain.market import Level, Side, Stream
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import CancelRejectReason, DoneReason, RejectReason, ReportKind
from quoter.domain.units import NS_PER_S
from tests.unit.engine.cases import ACTIVITY, EngineHarness, config, limits
from tests.unit.state.cases import START_NS

WATCHFUL = config(activity=ACTIVITY, limits=limits(position_notional_max=Decimal(500)))

floats = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -1.0, 5e-324, 1e-300, 1e15, 1e300, 1e308, 99.5, 100.0, 100.5, 101.0]),
)
prices = st.one_of(st.integers(980, 1020).map(lambda ticks: ticks / 10), floats)
amounts = st.one_of(
    st.sampled_from([Decimal(text) for text in ("0", "0.5", "1", "-1", "1e30", "1e-30")]),
    st.sampled_from([Decimal(text) for text in ("NaN", "sNaN", "Infinity", "-Infinity")]),
    st.decimals(allow_nan=True, allow_infinity=True),
)
money = st.sampled_from([Decimal(text) for text in ("0", "0.25", "1", "99.5", "100")]) | amounts
times = st.integers(START_NS - 10 * NS_PER_S, START_NS + 120 * NS_PER_S)
sequence = st.integers(-1, 30).map(lambda number: number * 100)
levels = st.lists(st.builds(Level, prices, floats), max_size=6).map(tuple)
names = st.sampled_from(["", "q01run1", "q01run2", "q01run3", "q01old", "human", "\x00\n'"])
venue_ids = st.sampled_from(["", "v-q01run1", "v-q01run2", "v7"])
sides = st.sampled_from(Side)
texts = st.sampled_from(["", "no", "x" * 1000])
fills = st.builds(
    Fill,
    ts_ns=times,
    trade_id=st.sampled_from(["", "1", "2", "x", "²"]),
    client_id=names,
    venue_id=venue_ids,
    side=sides,
    price=money,
    size=money,
    fee=money,
    fee_asset=st.sampled_from(["", "ABC", "USD", "BNB"]),
    is_maker=st.booleans(),
)
venue_orders = st.builds(VenueOrder, names, venue_ids, sides, money, money, money)
holdings = st.dictionaries(st.sampled_from(["ABC", "USD", "XYZ", ""]), money, max_size=3)
market: st.SearchStrategy[Event] = st.one_of(
    st.builds(Trade, ts_ns=times, trade_id=names, price=prices, size=floats, taker=sides),
    st.builds(
        TopOfBook,
        ts_ns=times,
        update_id=sequence,
        bid=st.builds(Level, prices, floats),
        ask=st.builds(Level, prices, floats),
    ),
    st.builds(BookSnapshot, ts_ns=times, last=sequence, bids=levels, asks=levels),
    st.builds(Tick, ts_ns=times),
)
events: st.SearchStrategy[Event] = st.one_of(
    market,
    st.builds(BookDelta, ts_ns=times, prev=sequence, last=sequence, bids=levels, asks=levels),
    st.builds(OrderSent, ts_ns=times, client_id=names),
    st.builds(OrderAck, ts_ns=times, client_id=names, venue_id=venue_ids),
    st.builds(
        OrderReject,
        ts_ns=times,
        client_id=names,
        reason=st.sampled_from(RejectReason),
        text=texts,
    ),
    st.builds(OrderUnknown, ts_ns=times, client_id=names, text=texts),
    st.builds(
        OrderDone,
        ts_ns=times,
        client_id=names,
        reason=st.sampled_from(DoneReason),
        filled=money,
        venue_id=venue_ids,
    ),
    st.builds(OrderOpen, ts_ns=times, order=venue_orders),
    st.builds(OrderNotFound, ts_ns=times, client_id=names),
    st.builds(
        CancelReject,
        ts_ns=times,
        client_id=names,
        reason=st.sampled_from(CancelRejectReason),
        text=texts,
    ),
    fills,
    st.builds(
        OpenOrdersReport,
        ts_ns=times,
        asked_ns=times,
        orders=st.lists(venue_orders, max_size=3).map(tuple),
    ),
    st.builds(
        TradesReport, ts_ns=times, asked_ns=times, fills=st.lists(fills, max_size=3).map(tuple)
    ),
    st.builds(BalanceReport, ts_ns=times, asked_ns=times, free=holdings, locked=holdings),
    st.builds(ReportFailed, ts_ns=times, kind=st.sampled_from(ReportKind), text=texts),
    st.builds(FeedUp, ts_ns=times, stream=st.sampled_from(Stream)),
    st.builds(FeedDown, ts_ns=times, stream=st.sampled_from(Stream), text=texts),
    st.builds(RateLimited, ts_ns=times, until_ns=times, text=texts),
)


def play(script: list[Event]) -> None:
    harness = EngineHarness(WATCHFUL).quoting()
    for event in script:
        seq, ts_ns = harness.engine.seq, harness.engine.ts_ns
        step = harness.give(event)
        assert step.seq == seq + 1
        assert harness.engine.ts_ns >= ts_ns
        assert harness.engine.orders.counter_mismatch() is None
        harness.engine.snapshot()


COMMON = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@settings(COMMON, max_examples=250)
@given(script=st.lists(events, min_size=5, max_size=30))
def test_no_event_that_a_venue_may_send_raises_out_of_the_engine(script: list[Event]) -> None:
    play(script)


@settings(COMMON, max_examples=150)
@given(script=st.lists(market, min_size=5, max_size=40))
def test_no_market_that_a_venue_may_show_raises_out_of_the_engine(script: list[Event]) -> None:
    play(script)
