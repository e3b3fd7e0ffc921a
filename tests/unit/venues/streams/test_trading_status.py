"""A closed symbol pauses at once; it resumes after a pause and with a fresh book."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from quoter.domain.events import Alarm, Event
from quoter.domain.trading import Cause
from quoter.venues.config import StreamTimings
from quoter.venues.streams.trading_status import TradingStatusMonitor

QUICK = replace(StreamTimings(), status_s=0.0, reopen_s=0.01)


class Stop(Exception):
    pass


async def emitted(answers: list[str | None]) -> list[str]:
    """Return emitted alarms and resyncs for these answers of the venue."""
    notes: list[str] = []
    following: Iterator[str | None] = iter(answers)

    async def ask() -> str | None:
        await asyncio.sleep(0)
        try:
            return next(following)
        except StopIteration:
            raise Stop from None

    def emit(event: Event) -> None:
        assert isinstance(event, Alarm)
        assert event.cause is Cause.VENUE_STATUS
        notes.append(event.text if event.active else "open")

    watch = TradingStatusMonitor(
        ask=ask, resync=lambda: notes.append("resync"), timings=QUICK, now_ns=lambda: 1
    )
    with pytest.raises(Stop):
        await watch.run(emit)
    return notes


async def test_open_venue_emits_nothing() -> None:
    assert await emitted(["", "", None, ""]) == []


async def test_closed_is_emitted_once_and_cleared_after_a_resync() -> None:
    assert await emitted(["BREAK", "BREAK", "", ""]) == ["BREAK", "resync", "open"]


async def test_no_answer_changes_nothing() -> None:
    assert await emitted([None, "BREAK", None, None]) == ["BREAK"]


async def test_venue_must_still_be_open_after_the_pause() -> None:
    assert await emitted(["BREAK", "", "BREAK", "", None]) == ["BREAK"]
    assert await emitted(["BREAK", "", "BREAK", "", ""]) == ["BREAK", "resync", "open"]


def test_default_pauses() -> None:
    assert (StreamTimings().status_s, StreamTimings().reopen_s) == (8.0, 10.0)


async def test_status_is_requested_at_once_when_another_request_suggests_it() -> None:
    requests = 0

    async def ask() -> str:
        nonlocal requests
        requests += 1
        return "" if requests == 1 else "NOT_LISTED"

    emitted_texts: list[str] = []

    def emit(event: Event) -> None:
        assert isinstance(event, Alarm)
        emitted_texts.append(event.text)

    slow = replace(StreamTimings(), status_s=3_600.0)
    monitor = TradingStatusMonitor(ask=ask, resync=lambda: None, timings=slow, now_ns=lambda: 1)
    task = asyncio.create_task(monitor.run(emit))
    await asyncio.sleep(0.01)
    assert (requests, emitted_texts) == (1, [])
    monitor.check_now()
    await asyncio.sleep(0.01)
    assert (requests, emitted_texts) == (2, ["NOT_LISTED"])
    monitor.check_now()  # it is known: no further request before the interval is over
    await asyncio.sleep(0.01)
    assert requests == 2
    task.cancel()
