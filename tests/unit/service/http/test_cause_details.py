"""Times of the causes, and their runbook sections."""

import re
from pathlib import Path

from quoter.domain.events import Tick
from quoter.domain.step import StateChange, Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.service.http.cause_details import RUNBOOK, CauseTimes, runbook

ROOT = Path(__file__).parents[4]


def change(ts_s: int, *, raised: tuple[Cause, ...] = (), cleared: tuple[Cause, ...] = ()) -> Step:
    news = StateChange(
        before=TradingState.RUNNING,
        after=TradingState.PAUSED,
        raised=tuple((cause, "why") for cause in raised),
        cleared=cleared,
    )
    return Step(seq=1, event=Tick(ts_ns=ts_s * NS_PER_S), state=news)


def test_a_cause_counts_from_when_it_was_last_raised() -> None:
    times = CauseTimes(5 * NS_PER_S)
    assert times.since_ns(Cause.MARKET_FEED_DOWN) == 5 * NS_PER_S  # active before any step
    times.observe(change(10, raised=(Cause.CLOCK,)))
    times.observe(Step(seq=2, event=Tick(ts_ns=11 * NS_PER_S)))
    assert times.since_ns(Cause.CLOCK) == 10 * NS_PER_S
    times.observe(change(20, cleared=(Cause.CLOCK,)))
    times.observe(change(30, raised=(Cause.CLOCK, Cause.MEMORY)))
    details = times.details({Cause.CLOCK: "off", Cause.LOSS_LIMIT: "lost"})
    assert list(details) == ["clock", "loss_limit"]
    clock, lost = details["clock"], details["loss_limit"]
    assert isinstance(clock, dict)
    assert isinstance(lost, dict)
    assert clock["since"] == "1970-01-01T00:00:30+00:00"
    assert (lost["state"], lost["latched"]) == ("KILLED", True)


def slug(heading: str) -> str:
    """Return the anchor that GitHub makes from a heading."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def test_every_cause_is_under_the_heading_that_it_points_to() -> None:
    sections = re.split(r"^## ", (ROOT / RUNBOOK).read_text(), flags=re.MULTILINE)
    by_anchor = {slug(text.splitlines()[0]): text for text in sections}
    stray = [
        cause.value
        for cause in Cause
        if f"`{cause.value}`" not in by_anchor.get(runbook(cause).partition("#")[2], "")
    ]
    assert stray == []
