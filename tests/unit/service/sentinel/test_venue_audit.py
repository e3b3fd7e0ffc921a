"""Holdings beyond the limit are a breach when seen twice; a killed daemon is to be flat."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import BalanceReport, ReportEvent, ReportFailed
from quoter.domain.instrument import Instrument
from quoter.domain.reasons import ReportKind
from quoter.service.external_stops.heartbeat_files import Holdings
from quoter.service.sentinel.venue_audit import AGAIN_S, CHECK_S, FLAT_S, VenueAudit
from tests.unit.state.cases import ABC

HELD = Holdings(inventory=Decimal(0), target=Decimal(2), limit=Decimal("0.5"), asset="ABC")


@dataclass
class RecordingGateway:
    """An account whose balance the test sets; None: the venue does not answer."""

    free: Decimal | None = Decimal(2)
    locked: Decimal = Decimal(0)
    now_s: float = 0.0
    audit: VenueAudit = field(init=False)

    def __post_init__(self) -> None:
        self.audit = VenueAudit(gateway=self, monotonic_s=lambda: self.now_s)

    async def connect(self) -> Instrument:
        return ABC

    async def count_own_open(self) -> int:
        return 0

    async def cancel_all(self) -> int:
        return 0

    async def close(self) -> None:
        """Nothing is open."""

    async def report(self, request: RequestReport) -> ReportEvent:
        if self.free is None:
            return ReportFailed(ts_ns=0, kind=ReportKind.BALANCES, text="away")
        return BalanceReport(
            ts_ns=0, asked_ns=0, free={"ABC": self.free}, locked={"ABC": self.locked}
        )

    async def look(self, after_s: float = 0.0, held: Holdings | None = HELD) -> bool:
        self.now_s += after_s
        return await self.audit.check(held)


@pytest.fixture
def gateway() -> RecordingGateway:
    return RecordingGateway()


async def test_what_is_locked_in_orders_is_held_too(gateway: RecordingGateway) -> None:
    gateway.free, gateway.locked = Decimal("1.6"), Decimal("0.4")
    assert not await gateway.look()
    assert gateway.audit.pause_s == CHECK_S


@pytest.mark.parametrize("held", ["2.51", "1.49"])
async def test_a_breach_is_reported_once_and_only_when_it_lasts(
    gateway: RecordingGateway, held: str
) -> None:
    gateway.free = Decimal(held)
    assert not await gateway.look()
    assert gateway.audit.pause_s == AGAIN_S
    assert not await gateway.look(after_s=AGAIN_S - 0.1)
    assert await gateway.look(after_s=0.1)
    assert "beyond the limit of 0.5" in gateway.audit.breach
    assert not await gateway.look(after_s=AGAIN_S)


@pytest.mark.parametrize("held", ["2.5", "1.5"])
async def test_at_the_limit_nothing_is_wrong(gateway: RecordingGateway, held: str) -> None:
    gateway.free = Decimal(held)
    assert not await gateway.look()
    assert not await gateway.look(after_s=AGAIN_S)


async def test_a_fill_under_way_that_is_back_in_time_is_no_breach(
    gateway: RecordingGateway,
) -> None:
    gateway.free = Decimal(3)
    await gateway.look()
    gateway.free = Decimal(2)
    await gateway.look(after_s=1.0)
    gateway.free = Decimal(3)
    assert not await gateway.look(after_s=AGAIN_S)


async def test_a_breach_that_somebody_rearmed_is_reported_again(gateway: RecordingGateway) -> None:
    gateway.free = Decimal(3)
    await gateway.look()
    assert await gateway.look(after_s=AGAIN_S)
    gateway.audit.must_be_flat(is_killed=True)
    gateway.audit.must_be_flat(is_killed=False)
    assert not await gateway.look()
    assert await gateway.look(after_s=AGAIN_S)


async def test_a_venue_that_does_not_answer_proves_nothing_and_is_noticed(
    gateway: RecordingGateway,
) -> None:
    assert gateway.audit.reply_age_s() == float("inf")
    await gateway.look()
    gateway.free = None
    assert not await gateway.look(after_s=7.0)
    assert gateway.audit.reply_age_s() == 7.0


async def test_a_daemon_without_books_has_no_limit_yet(gateway: RecordingGateway) -> None:
    gateway.free = Decimal(100)
    assert not await gateway.look(held=None)
    assert not await gateway.look(after_s=AGAIN_S, held=None)


def test_a_killed_daemon_has_time_to_end_its_orders_itself(gateway: RecordingGateway) -> None:
    assert not gateway.audit.must_be_flat(is_killed=True)
    gateway.now_s += FLAT_S + 0.1
    assert gateway.audit.must_be_flat(is_killed=True)
    assert not gateway.audit.must_be_flat(is_killed=False)
    assert not gateway.audit.must_be_flat(is_killed=True)
