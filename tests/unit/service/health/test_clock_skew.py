"""Offset of the venue's clock: sampling, metrics, log line and the alarm."""

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
    """A monitor with given samples; records reports and metrics."""

    def __init__(self, *answers: ClockSample | None, wall_ms: int = 0) -> None:
        self.answers: Iterator[ClockSample | None] = iter(answers)
        self.sample_count = 0
        self.reports: list[str] = []
        self.shown: list[tuple[float, float]] = []
        self.clock = VenueClock()
        self.rounds = asyncio.Event()
        self.watch = ClockSkewMonitor(
            sample=self.sample,
            clock=self.clock,
            wall_offset_ns=lambda: wall_ms * NS_PER_MS,
            report=self.reports.append,
            show=lambda *seconds: self.shown.append(seconds),
        )

    async def sample(self) -> ClockSample | None:
        self.sample_count += 1
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
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE_S", 0.0)
    monkeypatch.setattr(module, "ROUND_S", 0.0)


async def test_the_sample_with_the_shortest_round_trip_is_used() -> None:
    slow, quick, medium = (
        ClockSample(400 * NS_PER_MS, 900 * NS_PER_MS),
        ClockSample(10 * NS_PER_MS, 200 * NS_PER_MS),
        ClockSample(300 * NS_PER_MS, 600 * NS_PER_MS),
    )
    rig = ClockRig(slow, quick, medium)
    await rig.one_round()
    assert rig.clock.latest is quick
    assert rig.shown == [(0.01, 0.1)]


async def test_a_precise_sample_ends_the_round() -> None:
    rig = ClockRig(GOOD)
    await rig.one_round()
    assert rig.clock.latest is GOOD
    assert rig.sample_count == 2  # the second request belongs to the next round


async def test_a_round_takes_at_most_eight_samples() -> None:
    uncertain = [ClockSample(0, 300 * NS_PER_MS)] * module.SAMPLES_MAX
    rig = ClockRig(*uncertain)
    await rig.one_round()
    assert rig.sample_count == module.SAMPLES_MAX + 1
    assert len(rig.shown) == 1


async def test_no_answer_changes_nothing() -> None:
    rig = ClockRig(None)
    rig.clock.latest = GOOD
    await rig.one_round()
    assert rig.clock.latest is GOOD
    assert rig.reports == []
    assert rig.shown == []


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (ClockSample(1_001 * NS_PER_MS, 0), "differs from ours by +1.00 s"),
        (ClockSample(-1_001 * NS_PER_MS, 0), "differs from ours by -1.00 s"),
        (ClockSample(0, 1_002 * NS_PER_MS), "only known to ±0.50 s"),
    ],
)
def test_a_large_or_uncertain_offset_is_reported_until_three_good_rounds(
    bad: ClockSample, text: str
) -> None:
    rig = ClockRig()
    rig.watch.judge(GOOD)
    rig.watch.judge(bad)
    assert rig.reports[0] == ""
    assert text in rig.reports[1]
    for _ in range(2):
        rig.watch.judge(GOOD)
    assert len(rig.reports) == 2
    rig.watch.judge(GOOD)
    assert rig.reports[2:] == [""]


def test_a_bad_round_restarts_the_count_of_good_rounds() -> None:
    rig = ClockRig()
    bad = ClockSample(2_000 * NS_PER_MS, 0)
    for sample in (bad, GOOD, GOOD, bad, GOOD, GOOD):
        rig.watch.judge(sample)
    assert "" not in rig.reports


def test_offset_and_uncertainty_at_the_limits_are_good() -> None:
    rig = ClockRig()
    rig.watch.judge(ClockSample(1_000 * NS_PER_MS, 1_000 * NS_PER_MS))
    assert rig.reports == [""]


def test_the_offset_is_measured_against_the_wall_clock() -> None:
    """The wall clock was corrected by 1.5 s since the start; requests carry its time."""
    rig = ClockRig(wall_ms=1_500)
    rig.watch.judge(ClockSample(1_500 * NS_PER_MS, 0))
    assert rig.reports == [""]
    assert rig.shown == [(0.0, 0.0)]


def test_an_offset_above_half_a_second_is_logged_once() -> None:
    rig = ClockRig()
    with capture_logs() as lines:
        for _ in range(3):
            rig.watch.judge(ClockSample(600 * NS_PER_MS, 0))
        rig.watch.judge(GOOD)
    assert [line["event"] for line in lines] == ["clock_offset_large"]
    assert rig.reports == [""] * 4
