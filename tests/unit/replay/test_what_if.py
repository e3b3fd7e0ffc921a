"""Other settings quote otherwise in a replay; the same settings quote the same at each moment."""

from dataclasses import replace
from pathlib import Path

import pytest

from quoter.domain.events import Event, LiveParamsChanged
from quoter.domain.trading import Cause
from quoter.engine.commands.live_params import params_of
from quoter.engine.config import EngineConfig, Fair
from quoter.engine.engine import Engine
from quoter.replay.replay import Follow, replay
from quoter.replay.what_if import WhatIf
from tests.unit.engine.cases import CONFIG, PRICING, EngineHarness
from tests.unit.replay.recorded import quoting_events, recording, records_of

CALIBRATING = replace(CONFIG, pricing=replace(PRICING, is_calibrating=True, fair=Fair.MICRO))


def asked(
    folder: Path, other: EngineConfig, events: list[Event], config: EngineConfig = CONFIG
) -> WhatIf:
    """Replay events with `other` beside them."""
    found = list[WhatIf]()

    def begin(engine: Engine) -> Follow:
        found.append(WhatIf(engine, other))
        return found[0].follow

    source = recording(folder, records_of(events, config), config)
    assert replay(source, follower=begin).difference is None
    return found[0]


def troubled_events() -> list[Event]:
    """Return the events of a run with a lost book, a pause, and changed parameters."""
    harness = EngineHarness(CALIBRATING).start().rest()
    params = params_of(CALIBRATING)
    for number in range(40):
        harness.book(100.0 + 0.2 * (number % 5))
        harness.tick(0.3)
        for _ in range(3):
            harness.now_ns += 70_000_000
            harness.depth_update()
        if number % 9 == 5:
            harness.feed_down()
            harness.tick()
            harness.feed_up()
        if number % 11 == 6:
            harness.alarm(Cause.CLOCK)
            harness.wait(0.3)
            harness.alarm(Cause.CLOCK, active=False)
        if number == 3:
            changed = replace(params, gamma=2.0, spread_min_bps=60.0)
            harness.give(
                LiveParamsChanged(ts_ns=harness.now_ns, params=changed, actor="t", reason="r")
            )
        harness.end()
        harness.rest()
        for order in list(harness.engine.orders)[: number % 4 == 2]:
            harness.fill(order)
    return [step.event for step in harness.steps]


@pytest.mark.parametrize(
    ("config", "events"),
    [(CONFIG, quoting_events()), (CALIBRATING, troubled_events())],
    ids=["quiet", "troubled"],
)
def test_the_same_settings_quote_the_same(
    tmp_path: Path, config: EngineConfig, events: list[Event]
) -> None:
    found = asked(tmp_path, config, events, config)
    assert found.moments >= 10
    assert (found.different, found.first) == (0, [])
    assert found.bid.means[0] == found.bid.means[1]


def test_a_larger_minimum_spread_puts_quotes_farther_away(tmp_path: Path) -> None:
    shape = replace(PRICING.shape, spread_min_bps=120.0)
    other = replace(CONFIG, pricing=replace(PRICING, shape=shape))
    found = asked(tmp_path, other, quoting_events())
    assert found.different > len(found.first) == 5
    for side in (found.bid, found.ask):
        run_bps, other_bps = side.means
        assert other_bps > run_bps
    first = found.first[0]  # nothing is held yet, so that both sides keep the minimum
    assert first.other.bids[0].price < first.run.bids[0].price
    assert first.other.asks[0].price > first.run.asks[0].price


def test_a_changed_parameter_of_the_run_does_not_undo_the_question(tmp_path: Path) -> None:
    """The run's minimum spread became 60 bps; the question is about 200 bps all the time."""
    shape = replace(PRICING.shape, spread_min_bps=200.0)
    other = replace(CALIBRATING, pricing=replace(CALIBRATING.pricing, shape=shape))
    found = asked(tmp_path, other, troubled_events(), CALIBRATING)
    assert found.different > 0.8 * found.moments


def changed_events(spread_min_bps: float) -> list[Event]:
    """Return the events of a run whose minimum spread is changed halfway."""
    events = quoting_events()
    half = len(events) // 2
    ts_ns = events[half].ts_ns
    params = replace(params_of(CONFIG), spread_min_bps=spread_min_bps)
    change = LiveParamsChanged(ts_ns=ts_ns, params=params, actor="t", reason="r")
    return [*events[:half], change, *events[half:]]


def test_a_change_that_the_run_refused_changes_nothing(tmp_path: Path) -> None:
    too_wide = PRICING.shape.spread_max_bps + 1.0
    found = asked(tmp_path, CONFIG, changed_events(too_wide))
    assert (found.different, found.refused) == (0, [])


def test_a_change_that_does_not_fit_the_question_is_named_and_left_out(tmp_path: Path) -> None:
    """The run widened to 60 bps; with a maximum of 50 an engine would have refused that."""
    shape = replace(PRICING.shape, spread_max_bps=50.0)
    other = replace(CONFIG, pricing=replace(PRICING, shape=shape))
    found = asked(tmp_path, other, changed_events(60.0))
    assert found.moments > 0
    assert found.refused == ["spread_min_bps is 60, outside its range"]
