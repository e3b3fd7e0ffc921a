"""Fills and orders are on disk before the engine or the venue receives them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import Alarm, Event, Fill, Kill, TradesReport
from quoter.domain.market import Side
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.ledger import writer
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import FillKind, KnownFill
from quoter.ledger.writer import Connect
from quoter.service import write_ahead as module
from quoter.service.clock import Clock
from quoter.service.write_ahead import WriteAhead
from quoter.state import inventory
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
        ahead = await self.write_ahead.before(event)
        if ahead.event is not None:
            self.write_ahead.after(self.harness.give(ahead.event))
        return ahead.alarm

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
        assert await rig.write_ahead.before(fill) == (fill, None)
        assert [known.fill for known in rig.kept()] == [fill]
        assert not rig.harness.engine.inventory.has(fill.trade_id)


async def test_a_booked_fill_is_not_written_again(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        await rig.give(fill)
        commits = Disk.commits
        assert await rig.write_ahead.before(fill) == (fill, None)
        assert await rig.write_ahead.before(report(rig.harness, fill)) == (
            report(rig.harness, fill),
            None,
        )
        assert await rig.write_ahead.before(report(rig.harness)) == (report(rig.harness), None)
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
        assert await rig.write_ahead.before(fill) == (fill, None)
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
            assert await rig.write_ahead.before(each) == (each, None)
        assert len(rig.write_ahead._unmatched) == 3
        assert len(rig.kept()) == 6


async def test_a_fill_that_differs_from_the_ledger_raises_ledger_conflict(
    tmp_path: Path,
) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        await rig.ledger.record_fills([KnownFill(fill, FillKind.BOOKED)])
        alarm = (await rig.write_ahead.before(replace(fill, price=fill.price + 1))).alarm
        assert alarm is not None
        assert alarm.cause is Cause.LEDGER_CONFLICT


async def fills_beyond_memory(rig: WriteAheadRig) -> tuple[Fill, Decimal]:
    """Book three fills of one order where two are remembered; return the first and the position."""
    order = rig.harness.wanted(BUY)
    fills = [rig.harness.fill_of(order, "0.1") for _ in range(3)]
    for number, fill in enumerate(fills):
        await rig.give(replace(fill, trade_id=str(901 + number)))
    # listed again: its time is that of the list
    forgotten = replace(fills[0], trade_id="901", ts_ns=fills[-1].ts_ns + NS_PER_S)
    assert not rig.harness.engine.inventory.has("901")
    return forgotten, rig.harness.engine.inventory.net


@pytest.mark.parametrize("disk", ["answers", "stalls", "fails", "differs"])
async def test_fill_that_is_no_longer_remembered_is_never_booked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: str
) -> None:
    monkeypatch.setattr(inventory, "TRADE_IDS_MAX", 2)
    async with write_ahead_rig(tmp_path) as rig:
        forgotten, net = await fills_beyond_memory(rig)
        switch = {"stalls": Disk.stalled, "fails": Disk.broken}.get(disk)
        if switch is not None:
            monkeypatch.setattr(writer, "STALL_S_MAX", 0.05)
            switch.set()
        if disk == "differs":
            forgotten = replace(forgotten, price=forgotten.price + 1)
        new = replace(forgotten, trade_id="904", ts_ns=forgotten.ts_ns + NS_PER_S)
        await rig.give(forgotten)
        await rig.give(report(rig.harness, forgotten, new))
        assert rig.harness.engine.inventory.net == net + new.size
        Disk.may_go_on.set()


async def test_old_fill_that_the_ledger_lacks_is_booked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "TRADE_IDS_MAX", 2)
    async with write_ahead_rig(tmp_path) as rig:
        forgotten, net = await fills_beyond_memory(rig)
        missed = replace(forgotten, trade_id="900")
        await rig.give(report(rig.harness, missed))
        assert rig.harness.engine.inventory.net == net + missed.size


async def test_a_failed_write_returns_an_alarm(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        Disk.broken.set()
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        alarm = (await rig.write_ahead.before(fill)).alarm
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


@pytest.mark.parametrize("is_cancelled_before", [False, True])
async def test_the_venue_id_of_an_order_is_recorded_when_it_becomes_known(
    tmp_path: Path, is_cancelled_before: bool
) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        order = rig.harness.wanted(BUY)
        assert await rig.write_ahead.may_send(
            PlaceOrder(
                client_id=order.client_id,
                side=order.side,
                price=order.price,
                size=order.size,
                decided_ns=1,
            )
        )
        if is_cancelled_before:  # the answer then changes no state
            rig.harness.give(Kill(ts_ns=rig.harness.now_ns, actor="a", reason="b"))
        rig.write_ahead.after(rig.harness.ack(order))
        await rig.settled()
        known = rig.ledger.reader.open_orders(rig.ledger.market)
        assert known == ({order.venue_id: order.client_id}, ())


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


def alarms(rig: WriteAheadRig) -> list[tuple[Cause, bool]]:
    return [(event.cause, event.active) for event in rig.posted if isinstance(event, Alarm)]


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is late after half a second, and a pause ends as soon as it answers."""
    monkeypatch.setattr(writer, "STALL_S_MAX", 0.5)
    monkeypatch.setattr(module, "CALM_NS", 0)


async def until_answers(rig: WriteAheadRig) -> None:
    """Let the disk go on, and wait until the late writes are on it."""
    Disk.stalled.clear()
    Disk.may_go_on.set()
    for _ in range(500):
        if not (rig.ledger.is_stalled or rig.write_ahead._late_fills):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the disk never answered")


def wanted(client_id: str = "q00x") -> PlaceOrder:
    return PlaceOrder(
        client_id=client_id, side=Side.BUY, price=Decimal(1), size=Decimal(1), decided_ns=1
    )


@pytest.mark.usefixtures("slow_disk")
async def test_slow_disk_denies_creates_and_pauses_until_it_answers(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        Disk.stalled.set()
        assert not await rig.write_ahead.may_send(wanted("q00x"))
        assert not await rig.write_ahead.may_send(wanted("q00y"))
        rig.write_ahead.check()
        assert alarms(rig) == [(Cause.LEDGER_SLOW, True)]
        await until_answers(rig)
        rig.write_ahead.check()
        assert alarms(rig) == [(Cause.LEDGER_SLOW, True), (Cause.LEDGER_SLOW, False)]
        assert await rig.write_ahead.may_send(wanted("q00z"))


@pytest.mark.usefixtures("slow_disk")
async def test_fill_is_booked_during_a_stall_and_written_after_it(tmp_path: Path) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        Disk.stalled.set()
        alarm = await rig.give(fill)
        assert alarm is not None
        assert (alarm.cause, alarm.active) == (Cause.LEDGER_SLOW, True)
        assert rig.harness.engine.inventory.has(fill.trade_id)
        assert rig.kept() == []
        await until_answers(rig)
        assert [known.fill for known in rig.kept()] == [fill]
        assert alarms(rig) == []


@pytest.mark.usefixtures("slow_disk")
async def test_late_fill_that_differs_from_the_ledger_raises_ledger_conflict(
    tmp_path: Path,
) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        fill = rig.harness.fill_of(rig.harness.wanted(BUY), "0.5")
        await rig.ledger.record_fills([KnownFill(fill, FillKind.BOOKED)])
        Disk.stalled.set()
        await rig.write_ahead.before(replace(fill, price=fill.price + 1))
        await until_answers(rig)
        assert alarms(rig) == [(Cause.LEDGER_CONFLICT, True)]


@pytest.mark.parametrize("has_fill", [False, True])
@pytest.mark.usefixtures("slow_disk")
async def test_disk_that_stays_silent_kills_once_and_sooner_with_an_unwritten_fill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_fill: bool
) -> None:
    monkeypatch.setattr(module, "CHECK_S_MAX", 100.0)
    async with write_ahead_rig(tmp_path) as rig:
        now_ns = rig.write_ahead._checked_ns
        Disk.stalled.set()
        if has_fill:
            await rig.give(rig.harness.fill_of(rig.harness.wanted(BUY), "0.5"))
        else:
            await rig.write_ahead.may_send(wanted())
        limit_s = module.FILL_STALL_S_MAX if has_fill else module.STALL_S_MAX
        found = []
        for seconds in (limit_s - 0.1, limit_s + 0.1, limit_s + 1.0):
            checked_ns = now_ns + round(seconds * NS_PER_S)
            monkeypatch.setattr(rig.write_ahead._clock, "now_ns", lambda at=checked_ns: at)
            rig.write_ahead.check()
            found.append(alarms(rig).count((Cause.LEDGER_FAILED, True)))
        assert found == [0, 1, 1]
        await until_answers(rig)


@pytest.mark.usefixtures("slow_disk")
async def test_time_in_which_the_process_was_frozen_does_not_count_as_a_stall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with write_ahead_rig(tmp_path) as rig:
        Disk.stalled.set()
        await rig.write_ahead.may_send(wanted())
        later_ns = rig.write_ahead._checked_ns + 3600 * NS_PER_S
        monkeypatch.setattr(rig.write_ahead._clock, "now_ns", lambda: later_ns)
        rig.write_ahead.check()
        assert alarms(rig) == [(Cause.LEDGER_SLOW, True)]
        await until_answers(rig)
