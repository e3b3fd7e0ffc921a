"""Matching, counting and expiry of faults."""

import pytest

from quoter.domain.units import NS_PER_S
from quoter.sandbox.exchange.faults import ARMED_MAX, Endpoint, Fault, FaultKind, Faults


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def fires(faults: Faults, times: int = 1) -> list[bool]:
    """Whether an ERROR_BEFORE fault fires for each of `times` create requests."""
    kind = FaultKind.ERROR_BEFORE
    taken = [faults.take(kind, endpoint=Endpoint.CREATE, symbol="X") for _ in range(times)]
    return [armed is not None for armed in taken]


def test_fault_skips_matches_and_then_fires_count_times() -> None:
    faults = Faults(seed=1, clock=Clock())
    faults.arm(Fault(kind=FaultKind.ERROR_BEFORE, skip=2, count=1))
    assert fires(faults, 5) == [False, False, True, False, False]
    (row,) = faults.rows()
    assert (row["fired"], row["active"]) == (1, False)


def test_same_seed_gives_same_random_decisions() -> None:
    draws = []
    for _ in range(2):
        faults = Faults(seed=5, clock=Clock())
        faults.arm(Fault(kind=FaultKind.ERROR_BEFORE, probability=0.3))
        draws.append(fires(faults, 1_000))
    assert draws[0] == draws[1]
    assert 250 < sum(draws[0]) < 350


def test_fault_ends_after_its_duration_or_when_cleared() -> None:
    clock = Clock()
    faults = Faults(seed=1, clock=clock)
    armed = faults.arm(Fault(kind=FaultKind.ERROR_BEFORE, duration_s=1.0))
    clock.now_ns = NS_PER_S
    assert fires(faults) == [True]
    clock.now_ns += 1
    assert fires(faults) == [False]
    other = faults.arm(Fault(kind=FaultKind.ERROR_BEFORE))
    assert other.is_active(clock.now_ns)
    assert faults.clear(other.fault_id) == 1
    assert not other.is_active(clock.now_ns)
    assert faults.clear() == 1
    assert not armed.is_active(0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.ERROR_BEFORE, endpoint=Endpoint.CANCEL),
        Fault(kind=FaultKind.ERROR_BEFORE, symbol="Y"),
        Fault(kind=FaultKind.ERROR_BEFORE, api_key="other"),
        Fault(kind=FaultKind.ERROR_BEFORE, event="TRADE"),
        Fault(kind=FaultKind.DELAY),
    ],
)
def test_fault_does_not_fire_for_other_requests(fault: Fault) -> None:
    faults = Faults(seed=1, clock=Clock())
    faults.arm(fault)
    assert fires(faults, 3) == [False] * 3
    assert faults.rows()[0]["matched"] == 0


def test_number_of_armed_faults_is_limited() -> None:
    faults = Faults(seed=1, clock=Clock())
    for _ in range(ARMED_MAX):
        faults.arm(Fault(kind=FaultKind.DELAY))
    with pytest.raises(ValueError, match="clear some first"):
        faults.arm(Fault(kind=FaultKind.DELAY))


def test_a_fault_that_acts_when_it_is_armed_is_over_then() -> None:
    """With a count above the number of sockets it seemed to be active for ever."""
    faults = Faults(seed=1, clock=Clock())
    faults.arm(Fault(kind=FaultKind.CLOSE_SOCKET, count=5)).fired = 1
    (row,) = faults.rows()
    assert (row["fired"], row["active"]) == (1, False)
