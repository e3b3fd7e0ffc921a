"""Fills and orders are on disk before the engine or the venue receives them."""

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
class WriteAheadRig:
    """A quoting engine, its ledger and the write-ahead between them."""

    harness: EngineHarness
    ledger: Ledger
    write_ahead: WriteAhead
    posted: list[Event]

    async def give(self, event: Fill | TradesReport) -> Alarm | None:
        """Write the event ahead and give it to the engine, as the runner does."""
        alarm = await self.write_ahead.before(event)
        self.write_ahead.after(self.harness.give(event))
        return alarm

    def kept(self) -> list[KnownFill]:
        return list(self.ledger.reader.fills(self.ledger.opened.number))

    async def settled(self) -> None:
        """Wait until everything submitted so far is on disk."""
        await self.ledger.record_fills([])


@asynccontextmanager
async def write_ahead_rig(folder: Path, connect: Connect = on_disk) -> AsyncIterator[WriteAheadRig]:
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
        yield WriteAheadRig(harness, ledger, write_ahead, posted)


def report(harness: EngineHarness, *fills: Fill) -> TradesReport:
    return TradesReport(ts_ns=harness.now_ns, asked_ns=harness.now_ns, fills=fills)


async def test_a_fill_is_on_disk_before_the_engine_receives_it(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        assert await rig.write_ahead.before(fill) is None
        assert [known.fill for known in rig.kept()] == [fill]
        assert not rig.harness.engine.inventory.has(fill.trade_id)


async def test_a_booked_fill_is_not_written_again(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        await rig.give(fill)
        commits = Disk.commits
        assert await rig.write_ahead.before(fill) is None
        assert await rig.write_ahead.before(report(rig.harness, fill)) is None
        assert await rig.write_ahead.before(report(rig.harness)) is None
        assert Disk.commits == commits


async def test_only_new_fills_of_a_report_are_written_with_their_client_id(
    tmp_path: Path,
) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        buy, sell = rig.harness.wanted(BUY), rig.harness.wanted(SELL)
        one, two = rig.harness.fill_of(buy, "0.5"), rig.harness.fill_of(sell, "0.5")
        await rig.give(one)
        without_client_id = replace(two, client_id="")
        await rig.give(report(rig.harness, one, without_client_id))
        assert [known.fill for known in rig.kept()] == [one, two]
        assert rig.harness.engine.inventory.has(two.trade_id)


async def test_foreign_and_invalid_fills_are_written_as_unmatched(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        await rig.give(replace(fill, client_id="human", venue_id="v99", trade_id="91"))
        await rig.give(replace(fill, price=Decimal("NaN"), trade_id="92"))
        assert [known.kind for known in rig.kept()] == ["unmatched", "unmatched"]
        assert rig.harness.engine.inventory.net == 0


async def test_an_unmatched_fill_is_booked_when_its_order_is_acknowledged(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        harness = EngineHarness().start()
        rig.write_ahead._engine = harness.engine
        order = harness.wanted(BUY)
        harness.sent(order)
        fill = replace(harness.fill_of(order, "0.5"), client_id="", venue_id=f"v-{order.client_id}")
        assert await rig.write_ahead.before(fill) is None
        harness.give(fill)
        assert [known.kind for known in rig.kept()] == ["unmatched"]
        rig.write_ahead.after(harness.ack(order))
        await rig.settled()
        (known,) = rig.kept()
        assert (known.kind, known.fill.client_id) == ("booked", order.client_id)
        assert harness.engine.inventory.has(fill.trade_id)


async def test_the_number_of_remembered_foreign_fills_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNMATCHED_MAX", 3)
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        foreign = [
            replace(fill, client_id="human", venue_id="v99", trade_id=str(number))
            for number in range(91, 97)
        ]
        for each in (*foreign, *foreign):
            assert await rig.write_ahead.before(each) is None
        assert len(rig.write_ahead._unmatched) == 3
        assert len(rig.kept()) == 6


async def test_a_fill_that_differs_from_the_ledger_raises_ledger_conflict(
    tmp_path: Path,
) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        await rig.ledger.record_fills([KnownFill(fill, FillKind.BOOKED)])
        alarm = await rig.write_ahead.before(replace(fill, price=fill.price + 1))
        assert alarm is not None
        assert alarm.cause is Cause.LEDGER_CONFLICT


async def test_a_failed_write_returns_an_alarm(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        Disk.broken.set()
        alarm = await rig.write_ahead.before(rig.harness.fill_of(rig.harness.wanted(BUY), "0.5"))
        assert alarm is not None
        assert (alarm.cause, alarm.active) == (Cause.LEDGER_FAILED, True)
        assert "disk I/O error" in alarm.text


async def test_an_order_that_can_not_be_written_may_not_be_sent_and_raises_an_alarm(
    tmp_path: Path,
) -> None:
    wanted = PlaceOrder(
        client_id="q00x", side=Side.BUY, price=Decimal(1), size=Decimal(1), decided_ns=1
    )
    async with write_ahead_rig(tmp_path) as rig:
        assert await rig.write_ahead.may_send(wanted)
        (intent,) = rig.ledger.reader.unsettled(rig.ledger.opened.number)
        assert (intent.client_id, intent.price, intent.size) == ("q00x", Decimal(1), Decimal(1))
        Disk.broken.set()
        assert not await rig.write_ahead.may_send(replace(wanted, client_id="q00y"))
        causes = {event.cause for event in rig.posted if isinstance(event, Alarm)}
        assert causes == {Cause.LEDGER_FAILED}


async def test_a_filled_order_is_marked_as_settled(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        order = rig.harness.wanted(BUY)
        sent = PlaceOrder(
            client_id=order.client_id,
            side=order.side,
            price=order.price,
            size=order.size,
            decided_ns=1,
        )
        assert await rig.write_ahead.may_send(sent)
        await rig.give(rig.harness.fill_of(order, str(order.size)))
        await rig.settled()
        assert rig.ledger.reader.unsettled(rig.ledger.opened.number) == []
