"""Holdings beyond the limit are a breach after two checks; a killed daemon must be flat."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import BalanceReport, ReportEvent, ReportFailed
from quoter.domain.instrument import Instrument
from quoter.domain.orders import NO_KNOWN_ORDERS, KnownOrders
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
    adopted: KnownOrders = NO_KNOWN_ORDERS
    audit: VenueAudit = field(init=False)

    def __post_init__(self) -> None:
        self.audit = VenueAudit(gateway=self, monotonic_s=lambda: self.now_s)

    async def connect(self) -> Instrument:
        return ABC

    async def count_own_open(self) -> int:
        return 0

    def adopt_orders(self, orders: KnownOrders) -> None:
        self.adopted = orders

    async def cancel_all(self) -> int:
        return 0

    async def close(self) -> None:
        """Do nothing: no socket is open."""

    async def report(self, request: RequestReport) -> ReportEvent:
        if self.free is None:
            return ReportFailed(ts_ns=0, kind=ReportKind.BALANCES, text="away")
        return BalanceReport(
            ts_ns=0, asked_ns=0, free={"ABC": self.free}, locked={"ABC": self.locked}
        )

    async def check(self, after_s: float = 0.0, held: Holdings | None = HELD) -> bool:
        self.now_s += after_s
        return await self.audit.check(held)


@pytest.fixture
def gateway() -> RecordingGateway:
    return RecordingGateway()


async def test_holdings_include_amounts_locked_in_orders(gateway: RecordingGateway) -> None:
    gateway.free, gateway.locked = Decimal("1.6"), Decimal("0.4")
    assert not await gateway.check()
    assert gateway.audit.pause_s == CHECK_S


@pytest.mark.parametrize("held", ["2.51", "1.49"])
async def test_a_breach_is_reported_once_and_only_if_a_second_check_confirms_it(
    gateway: RecordingGateway, held: str
) -> None:
    gateway.free = Decimal(held)
    assert not await gateway.check()
    assert gateway.audit.pause_s == AGAIN_S
    assert not await gateway.check(after_s=AGAIN_S - 0.1)
    assert await gateway.check(after_s=0.1)
    assert "beyond the limit of 0.5" in gateway.audit.breach
    assert not await gateway.check(after_s=AGAIN_S)


@pytest.mark.parametrize("held", ["2.5", "1.5"])
async def test_holdings_at_the_limit_are_no_breach(gateway: RecordingGateway, held: str) -> None:
    gateway.free = Decimal(held)
    assert not await gateway.check()
    assert not await gateway.check(after_s=AGAIN_S)


async def test_holdings_back_within_the_limit_before_the_second_check_are_no_breach(
    gateway: RecordingGateway,
) -> None:
    gateway.free = Decimal(3)
    await gateway.check()
    gateway.free = Decimal(2)
    await gateway.check(after_s=1.0)
    gateway.free = Decimal(3)
    assert not await gateway.check(after_s=AGAIN_S)


async def test_a_breach_is_reported_again_after_a_rearm(gateway: RecordingGateway) -> None:
    gateway.free = Decimal(3)
    await gateway.check()
    assert await gateway.check(after_s=AGAIN_S)
    gateway.audit.must_be_flat(is_killed=True)
    gateway.audit.must_be_flat(is_killed=False)
    assert not await gateway.check()
    assert await gateway.check(after_s=AGAIN_S)


async def test_without_an_answer_there_is_no_breach_and_the_reply_age_grows(
    gateway: RecordingGateway,
) -> None:
    assert gateway.audit.reply_age_s() == float("inf")
    await gateway.check()
    gateway.free = None
    assert not await gateway.check(after_s=7.0)
    assert gateway.audit.reply_age_s() == 7.0


async def test_without_holdings_in_the_heartbeat_no_limit_applies(
    gateway: RecordingGateway,
) -> None:
    gateway.free = Decimal(100)
    assert not await gateway.check(held=None)
    assert not await gateway.check(after_s=AGAIN_S, held=None)


def test_a_killed_daemon_must_be_flat_only_after_the_grace_time(gateway: RecordingGateway) -> None:
    assert not gateway.audit.must_be_flat(is_killed=True)
    gateway.now_s += FLAT_S + 0.1
    assert gateway.audit.must_be_flat(is_killed=True)
    assert not gateway.audit.must_be_flat(is_killed=False)
    assert not gateway.audit.must_be_flat(is_killed=True)
