"""Onsets of steps, and what the data of a recording can decide."""

from decimal import Decimal
from math import inf, log

import pytest

from quoter.domain.events import TopOfBook
from quoter.domain.market import Level
from quoter.domain.units import NS_PER_S
from quoter.studies.tapes.__main__ import line
from quoter.studies.tapes.figures import Figure
from quoter.studies.tapes.onsets import (
    StepOnset,
    first_move_s,
    median_error,
    takers_needed,
    times,
    undecided_jump,
)
from quoter.studies.tapes.recording import Recording


def test_onsets_are_spread_over_the_time_that_is_left() -> None:
    assert times(100.0, 160.0, 24) == [100.0, 115.0, 130.0, 145.0, 160.0]
    assert len(times(600.0, 80_000.0, 24)) == 24
    assert times(100.0, 90.0, 24) == [100.0], "a short recording has one"


def test_first_move_is_that_of_the_mid_not_of_the_spread() -> None:
    events = [
        TopOfBook(ts_ns=NS_PER_S * at_s, update_id=2, bid=Level(bid, 1.0), ask=Level(ask, 1.0))
        for at_s, bid, ask in ((1, 99.0, 101.0), (5, 98.0, 102.0), (9, 98.0, 103.0))
    ]
    recording = Recording("still", Decimal(1), tuple(events))
    assert first_move_s(recording, 2.0) == pytest.approx(6.0)
    assert first_move_s(recording, 8.5) == inf


def test_a_jump_is_not_judged_where_the_mid_stands_still() -> None:
    assert undecided_jump([1.0, 2.0, 40.0], 15.0) == ""
    assert "2 of 3 onsets" in undecided_jump([1.0, 20.0, inf], 15.0)
    assert undecided_jump([], 15.0)


def test_takers_needed_are_those_to_notice_and_those_to_measure() -> None:
    needed = takers_needed(per_s=1.0, divergence=0.5, tolerance=0.2)
    assert needed == pytest.approx(log(600.0 / log(2.0)) / 0.5 + 25.0)
    assert takers_needed(per_s=0.0, divergence=0.5, tolerance=0.2) == pytest.approx(27.0)


def test_onsets_of_one_block_count_once() -> None:
    onsets = [StepOnset(at_s, 1.0, 25) for at_s in (0.0, 10.0, 20.0)]
    assert median_error(onsets, 240.0) == pytest.approx(0.2)
    apart = [StepOnset(at_s, 1.0, 25) for at_s in (0.0, 240.0, 480.0, 720.0)]
    assert median_error(apart, 240.0) == pytest.approx(1.25 * 0.1)
    assert median_error([], 240.0) == inf


def test_a_figure_that_cannot_be_decided_says_why() -> None:
    figure = Figure("tape", "x", (2.0,), 0.8, 1.2, (1.0, 2.0, 3.0), "3 takers, 30 are needed")
    assert figure.verdict == "not decidable"
    assert "2 [1 to 3, n 3]" in line(figure)
    assert line(figure).endswith("not decidable: 3 takers, 30 are needed |")
    assert figure._replace(undecided="").verdict == "OFF"
