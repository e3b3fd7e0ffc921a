"""When the venue's clock is believed, when it is only told, and when it stops us."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from quoter.domain.units import NS_PER_MS
from quoter.service.health import clock_skew as module
from quoter.service.health.clock_skew import ClockSkewMonitor
from quoter.venues.clock import ClockSample, VenueClock

GOOD = ClockSample(3 * NS_PER_MS, 20 * NS_PER_MS)


class ClockRig:
    """A watch, what it was answered, and what it said."""

    def __init__(self, *answers: ClockSample | None, wall_ms: int = 0) -> None:
        self.answers: Iterator[ClockSample | None] = iter(answers)
        self.asked = 0
        self.told: list[str] = []
        self.shown: list[tuple[float, float]] = []
        self.clock = VenueClock()
        self.rounds = asyncio.Event()
        self.watch = ClockSkewMonitor(
            sample=self.sample,
            clock=self.clock,
            wall_ns=lambda: wall_ms * NS_PER_MS,
            report=self.told.append,
            show=lambda *seconds: self.shown.append(seconds),
        )

    async def sample(self) -> ClockSample | None:
        self.asked += 1
        answer = next(self.answers, None)
        if answer is None:
            self.rounds.set()
        return answer

    async def one_round(self) -> None:
        """Run until the answers are used up."""
        task = asyncio.create_task(self.watch.run())
        async with asyncio.timeout(5):
            await self.rounds.wait()
        task.cancel()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE_S", 0.0)
    monkeypatch.setattr(module, "ROUND_S", 0.0)


async def test_the_sample_with_the_shortest_way_counts() -> None:
    slow, quick, middling = (
        ClockSample(400 * NS_PER_MS, 900 * NS_PER_MS),
        ClockSample(10 * NS_PER_MS, 200 * NS_PER_MS),
        ClockSample(300 * NS_PER_MS, 600 * NS_PER_MS),
    )
    rig = ClockRig(slow, quick, middling)
    await rig.one_round()
    assert rig.clock.latest is quick
    assert rig.shown == [(0.01, 0.1)]


async def test_a_sure_sample_needs_no_other() -> None:
    rig = ClockRig(GOOD)
    await rig.one_round()
    assert rig.clock.latest is GOOD
    assert rig.asked == 2  # the second is the next round's


async def test_no_more_than_eight_are_asked_for_a_round() -> None:
    vague = [ClockSample(0, 300 * NS_PER_MS)] * module.SAMPLES_MAX
    rig = ClockRig(*vague)
    await rig.one_round()
    assert rig.asked == module.SAMPLES_MAX + 1
    assert len(rig.shown) == 1


async def test_no_answer_changes_nothing() -> None:
    rig = ClockRig(None)
    rig.clock.latest = GOOD
    await rig.one_round()
    assert rig.clock.latest is GOOD
    assert rig.told == []
    assert rig.shown == []


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (ClockSample(1_001 * NS_PER_MS, 0), "differs from ours by +1.00 s"),
        (ClockSample(-1_001 * NS_PER_MS, 0), "differs from ours by -1.00 s"),
        (ClockSample(0, 1_002 * NS_PER_MS), "only known to ±0.50 s"),
    ],
)
def test_far_off_or_unsure_stops_us_until_three_good_rounds(bad: ClockSample, text: str) -> None:
    rig = ClockRig()
    rig.watch.judge(GOOD)
    rig.watch.judge(bad)
    assert rig.told[0] == ""
    assert text in rig.told[1]
    for _ in range(2):
        rig.watch.judge(GOOD)
    assert len(rig.told) == 2
    rig.watch.judge(GOOD)
    assert rig.told[2:] == [""]


def test_one_bad_round_among_the_good_ones_starts_the_count_anew() -> None:
    rig = ClockRig()
    bad = ClockSample(2_000 * NS_PER_MS, 0)
    for sample in (bad, GOOD, GOOD, bad, GOOD, GOOD):
        rig.watch.judge(sample)
    assert "" not in rig.told


def test_exactly_the_limits_are_good() -> None:
    rig = ClockRig()
    rig.watch.judge(ClockSample(1_000 * NS_PER_MS, 1_000 * NS_PER_MS))
    assert rig.told == [""]


def test_requests_carry_the_wall_clock_so_that_is_what_counts() -> None:
    """The wall was put right by 1.5 s since the start: the venue agrees with it, not with us."""
    rig = ClockRig(wall_ms=1_500)
    rig.watch.judge(ClockSample(1_500 * NS_PER_MS, 0))
    assert rig.told == [""]
    assert rig.shown == [(0.0, 0.0)]


def test_half_a_second_is_reported_once() -> None:
    rig = ClockRig()
    with capture_logs() as lines:
        for _ in range(3):
            rig.watch.judge(ClockSample(600 * NS_PER_MS, 0))
        rig.watch.judge(GOOD)
    assert [line["event"] for line in lines] == ["clock_off"]
    assert rig.told == [""] * 4
