"""At the start the venue's trades, orders and balances are compared exactly with the ledger."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.app import opening_reconciliation as module
from quoter.app import startup
from quoter.app.opening_reconciliation import Opening, OpeningReconciliation
from quoter.app.startup import StartFailed
from quoter.domain.commands import CancelOrder, QueryOrder, RequestReport
from quoter.domain.events import (
    BalanceReport,
    CancelReject,
    Fill,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    ReportEvent,
    ReportFailed,
    TradesReport,
)
from quoter.domain.market import Side
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import CancelRejectReason, DoneReason, ReportKind
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import FillKind, KnownFill
from quoter.service.clock import Clock
from quoter.service.exit_codes import ExitCode
from quoter.settings import Environment
from tests.unit.ledger.cases import MARKET, NOW_NS, OPENING, booked, fill, opened, order
from tests.unit.state.cases import ABC

INSTRUMENT = replace(ABC, base="BTC", quote="USDT")
FEES = {"BNB": Decimal(1)}
ZERO = Decimal(0)


def after(*fills: Fill, opening: Mapping[str, Decimal] = OPENING) -> dict[str, Decimal]:
    """Balances after these fills."""
    held = dict(opening)
    for each in fills:
        sign = each.side.sign
        held["BTC"] += sign * each.size
        held["USDT"] -= sign * each.size * each.price
        held[each.fee_asset] = held.get(each.fee_asset, ZERO) - each.fee
    return held


@dataclass
class Venue:
    """A venue with the given trades and orders.

    filled: filled size by client id, None for an order that is still open.
    """

    held: dict[str, Decimal]
    trades: list[Fill] = field(default_factory=list)
    filled: dict[str, Decimal | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # client id by venue id
    requests: list[RequestReport] = field(default_factory=list)
    cancelled: list[tuple[str, str]] = field(default_factory=list)
    is_silent: bool = False
    answers_queries: bool = True
    reason: DoneReason = DoneReason.CANCELED  # of each end

    async def report(self, request: RequestReport) -> ReportEvent:
        self.requests.append(request)
        if self.is_silent:
            return ReportFailed(ts_ns=NOW_NS, kind=request.kind, text="no answer")
        if request.kind is ReportKind.TRADES:
            after_id = int(request.from_trade_id or 0)
            reported = [each for each in self.trades if int(each.trade_id) > after_id]
            return TradesReport(ts_ns=NOW_NS, asked_ns=NOW_NS, fills=tuple(reported))
        return BalanceReport(ts_ns=NOW_NS, asked_ns=NOW_NS, free=self.held, locked={})

    async def cancel(self, order: CancelOrder) -> CancelReject:
        self.cancelled.append((order.client_id, order.venue_id))
        reason = CancelRejectReason.NO_ANSWER
        return CancelReject(ts_ns=NOW_NS, client_id=order.client_id, reason=reason, text="")

    async def query(self, wanted: QueryOrder) -> OrderOpen | OrderDone | OrderNotFound | None:
        name = wanted.client_id or self.names.get(wanted.venue_id, "")
        if self.is_silent or not self.answers_queries:
            return None
        if name not in self.filled:
            return OrderNotFound(ts_ns=NOW_NS, client_id=name)
        filled = self.filled[name]
        if filled is None:
            order = VenueOrder(name, "v", Side.BUY, Decimal(1), Decimal(1), ZERO)
            return OrderOpen(ts_ns=NOW_NS, order=order)
        return OrderDone(ts_ns=NOW_NS, client_id=name, reason=self.reason, filled=filled)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    monkeypatch.setattr(startup, "START_WAIT_S", 0.0)


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[Ledger]:
    """A ledger with an open epoch and BNB for fees."""
    async with opened(folder) as ledger:
        await ledger.open_epoch(
            opening=OPENING | FEES, target=OPENING["BTC"], before=[], now_ns=NOW_NS
        )
        yield ledger


async def reconcile(
    ledger: Ledger, venue: Venue, environment: Environment = Environment.SANDBOX
) -> Opening:
    books = OpeningReconciliation(
        ledger=ledger,
        gateway=venue,  # type: ignore[arg-type]  # only these are called
        instrument=INSTRUMENT,
        environment=environment,
        clock=Clock(),
    )
    return await books.run()


async def refused(
    ledger: Ledger,
    venue: Venue,
    environment: Environment,
    code: ExitCode = ExitCode.START_FAILED,
) -> str:
    number = ledger.opened.number
    with pytest.raises(StartFailed) as failed:
        await reconcile(ledger, venue, environment)
    assert failed.value.code is code
    assert ledger.reader.epoch(MARKET) is not None
    assert ledger.opened.number == number
    return str(failed.value)


def kinds(ledger: Ledger) -> dict[str, str]:
    return {
        known.fill.trade_id: known.kind.value for known in ledger.reader.fills(ledger.opened.number)
    }


async def test_the_first_start_opens_the_books_with_the_venues_balances(tmp_path: Path) -> None:
    """Balances are not an incident, and earlier trades are not booked as fills."""
    from quoter.ledger.schema import prepare
    from tests.unit.ledger.cases import manifest

    prepare(tmp_path)
    ledger = Ledger(tmp_path, MARKET)
    await ledger.begin_run(manifest())
    opening = await reconcile(ledger, Venue(dict(OPENING), [fill(3)]), Environment.PRODUCTION)
    assert opening == Opening(OPENING, OPENING["BTC"], (fill(3),))
    assert kinds(ledger) == {"3": "before"}
    again = await reconcile(ledger, Venue(dict(OPENING), [fill(3)]), Environment.PRODUCTION)
    assert again == opening
    await ledger.close()


async def test_a_start_without_new_fills_takes_inventory_and_target_from_the_books(
    tmp_path: Path,
) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1), booked(2)])
        held = after(fill(1), fill(2), opening=OPENING | FEES)
        opening = await reconcile(ledger, Venue(held, [fill(1), fill(2)]))
    assert opening.balances == held
    assert opening.target == OPENING["BTC"]
    assert opening.known == (fill(1), fill(2))


async def test_a_fill_missed_while_stopped_is_booked_by_its_order(
    tmp_path: Path,
) -> None:
    """The trade list has venue ids only; the client id is queried."""
    missed = fill(2, client_id="")
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
        await ledger.record_intent(order(2))
        held = after(fill(1), missed, opening=OPENING | FEES)
        filled: dict[str, Decimal | None] = {"q00run2": missed.size}
        venue = Venue(held, [fill(1), missed], filled, {"v2": "q00run2"})
        opening = await reconcile(ledger, venue, Environment.PRODUCTION)
        await ledger.record_fills([])
        assert ledger.reader.unsettled(ledger.opened.number) == []
        assert kinds(ledger) == {"1": "booked", "2": "booked"}
    assert opening.balances == held
    assert opening.known[-1].client_id == "q00run2"


async def test_an_unmatched_fill_of_the_last_run_is_booked_once_its_order_is_known(
    tmp_path: Path,
) -> None:
    unmatched = fill(2, client_id="")
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1), KnownFill(unmatched, FillKind.UNMATCHED)])
        await ledger.record_intent(order(2))
        held = after(fill(1), unmatched, opening=OPENING | FEES)
        filled: dict[str, Decimal | None] = {"q00run2": unmatched.size}
        await reconcile(ledger, Venue(held, [fill(1), unmatched], filled, {"v2": "q00run2"}))
        assert kinds(ledger) == {"1": "booked", "2": "booked"}


async def test_a_missed_fill_older_than_the_newest_booked_one_is_found(tmp_path: Path) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1), booked(3)])
        await ledger.record_intent(order(2))
        held = after(fill(1), fill(2), fill(3), opening=OPENING | FEES)
        filled: dict[str, Decimal | None] = {"q00run2": fill(2).size}
        venue = Venue(held, [fill(1), fill(2), fill(3)], filled)
        await reconcile(ledger, venue)
        assert set(kinds(ledger)) == {"1", "2", "3"}
        assert venue.requests[0].from_trade_id == "0"


@pytest.mark.parametrize("environment", list(Environment))
async def test_a_foreign_trade_is_an_incident_and_is_not_booked(
    tmp_path: Path, environment: Environment
) -> None:
    foreign = fill(2, client_id="human", venue_id="v9")
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
        held = after(fill(1), foreign, opening=OPENING | FEES)
        text = await refused(ledger, Venue(held, [fill(1), foreign]), environment)
        assert kinds(ledger) == {"1": "booked"}
    assert f"BTC: the venue has {held['BTC']}, the ledger {held['BTC'] - foreign.size}" in text
    assert "quoter accept" in text


async def test_a_deposit_is_an_incident(tmp_path: Path) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
        held = after(fill(1), opening=OPENING | FEES)
        held["USDT"] += 1
        text = await refused(ledger, Venue(held, [fill(1)]), Environment.TESTNET)
    assert "USDT" in text
    assert "BTC" not in text


async def test_an_order_whose_filled_size_differs_from_its_trades_is_an_incident(
    tmp_path: Path,
) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_intent(order(2))
        filled: dict[str, Decimal | None] = {"q00run2": Decimal("0.003")}
        text = await refused(ledger, Venue(OPENING | FEES, [], filled), Environment.SANDBOX)
    assert "order q00run2 differs: the venue reports 0.003 filled, the ledger has 0" in text


async def test_an_order_filled_whole_counts_with_its_size(tmp_path: Path) -> None:
    """The filled size that the venue reports may be older than the status."""
    async with started(tmp_path) as ledger:
        await ledger.record_intent(order(2))
        venue = Venue(OPENING | FEES, [], {"q00run2": Decimal(0)}, reason=DoneReason.FILLED)
        text = await refused(ledger, venue, Environment.SANDBOX)
    assert "order q00run2 differs: the venue reports 0.005 filled" in text


async def test_a_trade_with_other_content_is_an_incident(tmp_path: Path) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
        changed = replace(fill(1), price=Decimal(1))
        text = await refused(
            ledger, Venue(after(changed, opening=OPENING | FEES), [changed]), Environment.SANDBOX
        )
    assert "trade 1" in text


async def test_an_order_unknown_to_the_venue_is_closed(tmp_path: Path) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_intent(order(2))
        await reconcile(ledger, Venue(OPENING | FEES))
        await ledger.record_fills([])
        assert ledger.reader.unsettled(ledger.opened.number) == []


async def test_an_order_still_open_after_the_cancels_is_an_incident(tmp_path: Path) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_intent(order(2))
        venue = Venue(OPENING | FEES, [], {"q00run2": None})
        text = await refused(ledger, venue, Environment.SANDBOX)
        assert set(venue.cancelled) == {("q00run2", "v")}
        assert len(ledger.reader.unsettled(ledger.opened.number)) == 1
    assert "q00run2" in text


@pytest.mark.parametrize("environment", list(Environment))
async def test_a_venue_after_a_reset_gets_new_books_with_play_money_only(
    tmp_path: Path, environment: Environment
) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1), booked(2)])
        await ledger.record_intent(order(3))
        number, venue = ledger.opened.number, Venue({"BTC": Decimal(7), "USDT": Decimal(9)})
        if environment is Environment.PRODUCTION:
            await refused(ledger, venue, environment)
            return
        opening = await reconcile(ledger, venue, environment)
        assert opening == Opening(venue.held, Decimal(7), ())
        assert ledger.opened.number == number + 1


async def test_different_balances_are_an_incident_while_the_venue_knows_an_order_of_ours(
    tmp_path: Path,
) -> None:
    async with started(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
        await ledger.record_intent(order(3))
        venue = Venue({"BTC": Decimal(7)}, [], {"q00run3": ZERO})
        await refused(ledger, venue, Environment.SANDBOX)


async def test_a_venue_that_does_not_answer_refuses_the_start(tmp_path: Path) -> None:
    async with started(tmp_path) as ledger:
        venue = Venue(OPENING | FEES, is_silent=True)
        code = ExitCode.VENUE_UNAVAILABLE
        assert "did not list our trades" in await refused(ledger, venue, Environment.SANDBOX, code)
        await ledger.record_intent(order(2))
        assert "q00run2" in await refused(ledger, venue, Environment.SANDBOX, code)


async def test_trade_whose_order_cannot_be_queried_is_not_taken_for_a_foreign_one(
    tmp_path: Path,
) -> None:
    async with started(tmp_path) as ledger:
        venue = Venue(OPENING | FEES, trades=[replace(fill(1), client_id="", venue_id="v7")])
        venue.answers_queries = False
        code = ExitCode.VENUE_UNAVAILABLE
        assert "v7" in await refused(ledger, venue, Environment.SANDBOX, code)
