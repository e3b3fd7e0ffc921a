"""A fill whose order we do not know is booked by its name, or is never booked."""

from quoter.domain.trading import Cause, TradingState
from tests.unit.engine.cases import CONFIG, Desk
from tests.unit.state.cases import BUY, fill

NEVER_SENT = f"{CONFIG.id_prefix}zz"


def test_a_fill_of_an_order_of_this_run_that_nobody_knows_kills() -> None:
    desk = Desk().quoting()
    desk.tell(fill("5", client_id=NEVER_SENT, venue_id="v77"))
    assert desk.causes == {Cause.ORDER_REAPPEARED}
    assert NEVER_SENT in desk.engine.causes.switch.causes[Cause.ORDER_REAPPEARED]
    assert desk.state() is TradingState.KILLED
    assert desk.engine.inventory.net == 0


def test_a_booked_trade_told_again_is_no_news_though_its_order_is_forgotten() -> None:
    desk = Desk().quoting()
    order = desk.wanted(BUY)
    told = desk.fill_of(order)
    desk.tell(told)
    desk.engine.orders._closed.clear()  # as if 20,000 newer orders had ended since
    desk.tell(told)
    assert desk.state() is TradingState.RUNNING
    assert len(desk.engine.lifecycle.unmatched_fills) == 0


def test_a_fill_of_an_earlier_run_of_ours_is_no_reason_to_kill() -> None:
    desk = Desk().quoting()
    desk.tell(fill("5", client_id="q01old1", venue_id="v77"))
    assert desk.state() is TradingState.RUNNING
    assert len(desk.engine.lifecycle.unmatched_fills) == 1
