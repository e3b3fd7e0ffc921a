"""Refreshing the dead man's switch of a venue, with a simulated clock."""

from dataclasses import dataclass, field
from math import isnan

import pytest

from quoter.domain.errors import VenueError
from quoter.domain.events import Alarm, Event
from quoter.domain.trading import Cause
from quoter.service.clock import Clock
from quoter.service.external_stops.dead_man import FAILURES_MAX, DeadManRefresher

TIMEOUT_S = 60.0


@dataclass
class Venue:
    """A venue that answers after `takes_s` seconds, or fails."""

    takes_s: float = 0.0
    is_failing: bool = False
    now_s: float = 0.0
    set_to: list[float] = field(default_factory=list)
    alarms: list[tuple[bool, str]] = field(default_factory=list)
    dead_man: DeadManRefresher = field(init=False)

    def __post_init__(self) -> None:
        self.dead_man = DeadManRefresher(
            switch=self, timeout_s=TIMEOUT_S, clock=Clock(), monotonic_s=lambda: self.now_s
        )
        self.dead_man.begin(self._receive)

    def _receive(self, event: Event) -> None:
        assert isinstance(event, Alarm)
        assert event.cause is Cause.DEAD_MAN
        self.alarms.append((event.active, event.text))

    async def set_dead_man(self, seconds: float) -> None:
        self.now_s += self.takes_s
        if self.is_failing:
            raise VenueError("away")
        self.set_to.append(seconds)

    async def refresh(self) -> None:
        await self.dead_man._refresh()
        self.dead_man._check()


@pytest.fixture
def venue() -> Venue:
    return Venue()


async def test_the_timeout_counts_from_the_request(venue: Venue) -> None:
    """The venue may have received the request at once and answered late."""
    venue.takes_s = 10.0
    await venue.refresh()
    venue.now_s = TIMEOUT_S - 0.1
    assert venue.dead_man.block_reason() == ""
    venue.now_s = TIMEOUT_S
    assert "fired" in venue.dead_man.block_reason()


async def test_the_age_counts_from_the_request(venue: Venue) -> None:
    assert isnan(venue.dead_man.age_s())
    venue.takes_s = 10.0
    await venue.refresh()
    assert venue.dead_man.age_s() == 10.0
    venue.now_s += TIMEOUT_S
    assert venue.dead_man.age_s() > TIMEOUT_S  # it has fired
    venue.takes_s = 0.0
    await venue.refresh()
    assert venue.dead_man.age_s() == 0.0
    await venue.dead_man.disarm()
    assert isnan(venue.dead_man.age_s())


async def test_two_failed_refreshes_pause_and_a_successful_one_resumes(venue: Venue) -> None:
    await venue.refresh()
    venue.is_failing = True
    for _ in range(FAILURES_MAX):
        assert [active for active, _ in venue.alarms] == [True, False]
        await venue.refresh()
    assert venue.alarms[-1] == (True, "the venue did not refresh the switch 2 times in a row")
    venue.is_failing = False
    await venue.refresh()
    assert venue.alarms[-1][0] is False


async def test_a_fired_switch_is_reported_even_if_it_is_refreshed_at_once(
    venue: Venue,
) -> None:
    await venue.refresh()
    venue.now_s += TIMEOUT_S
    await venue.refresh()
    assert [active for active, _ in venue.alarms] == [True, False, True, False]


async def test_after_disarming_nothing_is_refreshed_and_creates_are_blocked(venue: Venue) -> None:
    await venue.refresh()
    await venue.dead_man.disarm()
    await venue.dead_man._refresh()
    assert venue.set_to == [TIMEOUT_S, 0]
    assert venue.dead_man.block_reason()


async def test_a_failed_disarm_does_not_prevent_the_shutdown(venue: Venue) -> None:
    await venue.refresh()
    venue.is_failing = True
    await venue.dead_man.disarm()
    assert venue.dead_man.block_reason()
