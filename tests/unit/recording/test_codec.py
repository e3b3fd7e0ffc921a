"""What is recorded is read back equal, whatever its type and values."""

from decimal import Decimal
from math import inf, isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.commands import CancelAll, PlaceOrder
from quoter.domain.events import Alarm, Drain, Fill, Kill, OrderReject, RulesReport, Tick, Trade
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.reasons import RejectReason
from quoter.domain.step import Step
from quoter.domain.trading import CancelReason, Cause, TradingState
from quoter.recording.codec import (
    COMMAND_TYPES,
    EVENT_TYPES,
    Decision,
    End,
    UnreadableRecord,
    decode,
    encode,
    with_texts,
)
from tests.instruments import BTC_USDT
from tests.unit.recording.cases import header, tick

TEXTS = st.text(alphabet='aZ0 "\\\n币', max_size=8)

st.register_type_strategy(str, TEXTS)
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(float, st.floats(allow_nan=False))
st.register_type_strategy(Decimal, st.decimals(allow_nan=False))
st.register_type_strategy(Instrument, st.just(BTC_USDT))


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_event_is_read_back_equal(kind: type, data: st.DataObject) -> None:
    event = data.draw(st.from_type(kind))
    (found,) = decode(encode([event]))
    assert (type(found), found) == (kind, event)


@pytest.mark.parametrize("kind", COMMAND_TYPES, ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_command_is_read_back_equal(kind: type, data: st.DataObject) -> None:
    decision = Decision(7, (data.draw(st.from_type(kind)),), TradingState.PAUSED)
    (found,) = decode(encode([decision]))
    assert isinstance(found, Decision)
    assert (type(found.commands[0]), found) == (kind, decision)


def test_subclasses_of_the_operator_command_stand_for_themselves() -> None:
    assert {Kill, Drain} < set(EVENT_TYPES)
    kill = Kill(ts_ns=1, actor="file", reason="")
    assert [type(found) for found in decode(encode([kill]))] == [Kill]


def test_all_digits_of_numbers_are_kept() -> None:
    price = Decimal("0.000000000000000001")
    fill = Fill(
        ts_ns=1_780_000_000_123_456_789, trade_id="1", client_id="", venue_id="2", side=Side.BUY,
        price=price, size=Decimal("1E+2"), fee=Decimal("-0.10"), fee_asset="币", is_maker=True,
    )  # fmt: skip
    trade = Trade(ts_ns=1, trade_id="1", price=0.1 + 0.2, size=inf, taker=Side.SELL)
    first, second = decode(encode([fill, trade]))
    assert (first, second) == (fill, trade)
    assert isinstance(first, Fill)
    assert [str(first.size), str(first.fee)] == ["1E+2", "-0.10"]


def test_a_number_that_is_none_is_kept_as_it_came() -> None:
    (found,) = decode(encode([Trade(ts_ns=1, trade_id="1", price=nan, size=1.0, taker=Side.BUY)]))
    assert isinstance(found, Trade)
    assert isnan(found.price)


def test_the_header_holds_the_whole_configuration() -> None:
    assert list(decode(encode([header(), header(None)]))) == [header(), header(None)]


def test_a_step_without_commands_has_a_decision_only_if_the_state_changed() -> None:
    step = Step(3, tick(1), commands=(CancelAll(reason=CancelReason.KILL),))
    assert Decision.of(step) == Decision(3, step.commands, None)
    assert list(decode(encode([End(1, 2)]))) == [End(1, 2)]


def test_rules_of_a_market_are_read_back() -> None:
    report = RulesReport(ts_ns=1, instrument=BTC_USDT, refusal="closed")
    assert list(decode(encode([report]))) == [report]


def test_texts_are_changed_wherever_they_are() -> None:
    reject = OrderReject(ts_ns=1, client_id="a", reason=RejectReason.OTHER, text="key s3cret bad")
    place = PlaceOrder(
        client_id="s3cret", side=Side.BUY, price=Decimal(1), size=Decimal(1), decided_ns=1
    )
    alarm = Alarm(ts_ns=1, cause=Cause.CLOCK, active=True, text="fine")
    data = encode([reject, Decision(1, (place,)), alarm])
    changed = with_texts(data, lambda text: text.replace("s3cret", "***"))
    assert b"s3cret" not in changed
    first, second, third = decode(changed)
    assert isinstance(first, OrderReject)
    assert first.text == "key *** bad"
    assert isinstance(second, Decision)
    assert third == alarm


@pytest.mark.parametrize("data", [b"", b"\xc1", encode([tick(1)])[:-1]], ids=repr)
def test_other_bytes_are_no_records(data: bytes) -> None:
    with pytest.raises(UnreadableRecord):
        list(decode(data))


def test_an_event_of_a_newer_version_is_named() -> None:
    class Tock(Tick):
        """An event that this version does not know."""

    with pytest.raises(UnreadableRecord, match="unknown type 'Tock'"):
        list(decode(encode([Tock(ts_ns=1)])))
