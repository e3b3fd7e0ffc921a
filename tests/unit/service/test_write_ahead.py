"""News is on the disk before the engine receives of it; everything else does not wait."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import Alarm, Event, Fill, TradesReport
from quoter.domain.market import Side
from quoter.domain.trading import Cause
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import FillKind, KnownFill
from quoter.ledger.writer import Connect
from quoter.service import write_ahead as module
from quoter.service.clock import Clock
from quoter.service.write_ahead import WriteAhead
from quoter.telemetry.metrics import Metrics
from tests.unit.engine.cases import EngineHarness
from tests.unit.ledger.cases import opened
from tests.unit.ledger.disk import Disk, on_disk
from tests.unit.state.cases import BUY, SELL


@dataclass
class Shell:
    """An engine that quotes, its ledger, and what stands between them."""

    harness: EngineHarness
    ledger: Ledger
    write_ahead: WriteAhead
    posted: list[Event]

    async def tell(self, event: Fill | TradesReport) -> Alarm | None:
        """As the runner does it."""
        alarm = await self.write_ahead.before(event)
        self.write_ahead.after(self.harness.tell(event))
        return alarm

    def kept(self) -> list[KnownFill]:
        return list(self.ledger.reader.fills(self.ledger.opened.number))

    async def settled(self) -> None:
        """What was written without a wait is there after what is waited for."""
        await self.ledger.record_fills([])


@asynccontextmanager
async def shell(folder: Path, connect: Connect = on_disk) -> AsyncIterator[Shell]:
    Disk.reset()
    async with opened(folder, connect=connect) as ledger:
        harness, posted = EngineHarness().quoting(), list[Event]()
        write_ahead = WriteAhead(
            ledger=ledger,
            engine=harness.engine,
            clock=Clock(),
            metrics=Metrics(symbol="ABC/USD", venue="test", environment="test"),
            post=posted.append,
        )
        ledger.on_failure = write_ahead.fail
        yield Shell(harness, ledger, write_ahead, posted)


def report(harness: EngineHarness, *fills: Fill) -> TradesReport:
    return TradesReport(ts_ns=harness.now_ns, asked_ns=harness.now_ns, fills=fills)


async def test_fill_is_on_the_disk_before_the_engine_receives_it(tmp_path: Path) -> None:
    async with shell(tmp_path) as here:
        told = here.harness.fill_of(here.harness.wanted(BUY), "0.5")
        assert await here.write_ahead.before(told) is None
        assert [known.fill for known in here.kept()] == [told]
        assert not here.harness.engine.inventory.has(told.trade_id)


async def test_what_is_booked_already_does_not_wait_again(tmp_path: Path) -> None:
    async with shell(tmp_path) as here:
        told = here.harness.fill_of(here.harness.wanted(BUY), "0.5")
        await here.tell(told)
        commits = Disk.commits
        assert await here.write_ahead.before(told) is None
        assert await here.write_ahead.before(report(here.harness, told)) is None
        assert await here.write_ahead.before(report(here.harness)) is None
        assert Disk.commits == commits


async def test_only_the_news_of_a_list_is_written_under_the_orders_own_name(
    tmp_path: Path,
) -> None:
    async with shell(tmp_path) as here:
        buy, sell = here.harness.wanted(BUY), here.harness.wanted(SELL)
        one, two = here.harness.fill_of(buy, "0.5"), here.harness.fill_of(sell, "0.5")
        await here.tell(one)
        nameless = replace(two, client_id="")
        await here.tell(report(here.harness, one, nameless))
        assert [known.fill for known in here.kept()] == [one, two]
        assert here.harness.engine.inventory.has(two.trade_id)


async def test_what_the_engine_would_not_book_is_kept_but_not_booked(tmp_path: Path) -> None:
    async with shell(tmp_path) as here:
        told = here.harness.fill_of(here.harness.wanted(BUY), "0.5")
        await here.tell(replace(told, client_id="human", venue_id="v99", trade_id="91"))
        await here.tell(replace(told, price=Decimal("NaN"), trade_id="92"))
        assert [known.kind for known in here.kept()] == ["unmatched", "unmatched"]
        assert here.harness.engine.inventory.net == 0


async def test_an_unmatched_fill_is_booked_when_its_order_is_named(tmp_path: Path) -> None:
    async with shell(tmp_path) as here:
        harness = EngineHarness().start()
        here.write_ahead._engine = harness.engine
        order = harness.wanted(BUY)
        harness.sent(order)
        told = replace(harness.fill_of(order, "0.5"), client_id="", venue_id=f"v-{order.client_id}")
        assert await here.write_ahead.before(told) is None
        harness.tell(told)
        assert [known.kind for known in here.kept()] == ["unmatched"]
        here.write_ahead.after(harness.ack(order))
        await here.settled()
        (known,) = here.kept()
        assert (known.kind, known.fill.client_id) == ("booked", order.client_id)
        assert harness.engine.inventory.has(told.trade_id)


async def test_somebody_elses_trades_are_remembered_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNMATCHED_MAX", 3)
    async with shell(tmp_path) as here:
        told = here.harness.fill_of(here.harness.wanted(BUY), "0.5")
        foreign = [
            replace(told, client_id="human", venue_id="v99", trade_id=str(number))
            for number in range(91, 97)
        ]
        for each in (*foreign, *foreign):
            assert await here.write_ahead.before(each) is None
        assert len(here.write_ahead._unmatched) == 3
        assert len(here.kept()) == 6


async def test_a_trade_reported_with_another_content_alarms_though_the_engine_forgot_it(
    tmp_path: Path,
) -> None:
    async with shell(tmp_path) as here:
        told = here.harness.fill_of(here.harness.wanted(BUY), "0.5")
        await here.ledger.record_fills([KnownFill(told, FillKind.BOOKED)])
        alarm = await here.write_ahead.before(replace(told, price=told.price + 1))
        assert alarm is not None
        assert alarm.cause is Cause.LEDGER_CONFLICT


async def test_a_disk_that_fails_is_an_alarm_before_the_fill(tmp_path: Path) -> None:
    async with shell(tmp_path) as here:
        Disk.broken.set()
        alarm = await here.write_ahead.before(here.harness.fill_of(here.harness.wanted(BUY), "0.5"))
        assert alarm is not None
        assert (alarm.cause, alarm.active) == (Cause.LEDGER_FAILED, True)
        assert "disk I/O error" in alarm.text


async def test_an_order_that_is_not_on_the_disk_must_not_leave_and_alarms(tmp_path: Path) -> None:
    wanted = PlaceOrder(
        client_id="q00x", side=Side.BUY, price=Decimal(1), size=Decimal(1), decided_ns=1
    )
    async with shell(tmp_path) as here:
        assert await here.write_ahead.may_send(wanted)
        (intent,) = here.ledger.reader.unsettled(here.ledger.opened.number)
        assert (intent.client_id, intent.price, intent.size) == ("q00x", Decimal(1), Decimal(1))
        Disk.broken.set()
        assert not await here.write_ahead.may_send(replace(wanted, client_id="q00y"))
        causes = {event.cause for event in here.posted if isinstance(event, Alarm)}
        assert causes == {Cause.LEDGER_FAILED}


async def test_the_end_of_an_order_settles_it(tmp_path: Path) -> None:
    async with shell(tmp_path) as here:
        order = here.harness.wanted(BUY)
        sent = PlaceOrder(
            client_id=order.client_id,
            side=order.side,
            price=order.price,
            size=order.size,
            decided_ns=1,
        )
        assert await here.write_ahead.may_send(sent)
        await here.tell(here.harness.fill_of(order, str(order.size)))
        await here.settled()
        assert here.ledger.reader.unsettled(here.ledger.opened.number) == []
