"""The figures that the order rules get for one intent."""

from decimal import Decimal

from quoter.domain.events import Tick
from quoter.domain.quotes import Quote
from quoter.domain.trading import Phase, TradingState
from quoter.engine.limits.headroom import Headroom
from quoter.engine.limits.risk_views import RiskViews
from quoter.engine.step_builder import StepBuilder
from quoter.risk.view import RiskView
from tests.unit.engine.cases import EngineHarness
from tests.unit.state.cases import BUY, SELL


def views_of(harness: EngineHarness) -> RiskViews:
    engine = harness.engine
    return RiskViews(
        config=engine.config,
        market=engine.market,
        orders=engine.orders,
        inventory=engine.inventory,
        references=engine.activity_limits.references,
        headroom=Headroom(
            config=engine.config,
            instrument=engine.instrument,
            market=engine.market,
            orders=engine.orders,
            inventory=engine.inventory,
        ),
    )


def view_of(harness: EngineHarness, quote: Quote, views: RiskViews | None = None) -> RiskView:
    views = views or views_of(harness)
    step = StepBuilder(Tick(ts_ns=harness.now_ns), harness.now_ns)
    return views.take(quote, step=step, state=TradingState.RUNNING, phase=Phase.LIVE)


def same_as(harness: EngineHarness) -> Quote:
    order = harness.wanted(BUY)
    return Quote(side=BUY, ticks=order.ticks, price=order.price, size=order.size)


def test_view_has_the_market_of_others_and_our_own_best_prices() -> None:
    harness = EngineHarness().quoting()
    view = view_of(harness, same_as(harness))
    assert (view.best_bid, view.best_ask) == (Decimal("99.5"), Decimal("100.5"))
    assert view.own_bid == harness.wanted(BUY).price
    assert view.own_ask == harness.wanted(SELL).price
    assert view.book_ready
    assert view.is_fresh


def test_equal_live_order_is_reported_with_its_time() -> None:
    harness = EngineHarness().quoting()
    quote = same_as(harness)
    assert view_of(harness, quote).duplicate_ns == harness.wanted(BUY).created_ns
    assert view_of(harness, quote._replace(size=quote.size + 1)).duplicate_ns is None


def test_view_is_stale_after_a_silence_and_not_ready_without_a_book() -> None:
    harness = EngineHarness().quoting()
    quote = same_as(harness)
    harness.now_ns += harness.engine.config.book.stale_ns
    assert view_of(harness, quote).is_fresh
    harness.now_ns += 1
    assert not view_of(harness, quote).is_fresh
    harness.feed_down()
    assert not view_of(harness, quote).book_ready


def test_market_is_looked_at_again_in_each_step() -> None:
    harness = EngineHarness().quoting()
    quote, views = same_as(harness), views_of(harness)
    assert view_of(harness, quote, views).best_bid == Decimal("99.5")
    harness.book(101.0)
    assert view_of(harness, quote, views).best_bid == Decimal("100.5")
