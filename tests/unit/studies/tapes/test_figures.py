"""Figures on a simulated recording, whose market is known."""

from decimal import Decimal
from math import inf, nan
from pathlib import Path
from random import Random

import numpy as np
import pytest

from quoter.domain.events import TopOfBook, Trade
from quoter.domain.market import Level, Side
from quoter.domain.units import NS_PER_S
from quoter.studies.tapes.__main__ import line, main
from quoter.studies.tapes.figures import Figure, figures
from quoter.studies.tapes.measured import Mids
from quoter.studies.tapes.recording import Recording

START_NS = 1_700_000_000 * NS_PER_S
SIGMA, RATE, DEPTH = 5.0, 0.4, 12.0  # per side; takers come DEPTH beyond the mid on average
SECONDS = 500


@pytest.fixture(scope="module")
def recording() -> Recording:
    """A Gaussian mid around 60,000, a mean depth of takers of 2 bp, an event every half second."""
    random, mid, events = Random(1), 60_000.0, list[TopOfBook | Trade]()
    for half in range(2 * SECONDS):
        ts_ns, number = START_NS + half * NS_PER_S // 2, len(events) + 2
        mid += random.gauss(0.0, SIGMA * 0.5**0.5)
        bid, ask = Level(round(mid - 0.5, 1), 1.0), Level(round(mid + 0.5, 1), 1.0)
        events.append(TopOfBook(ts_ns=ts_ns, update_id=number, bid=bid, ask=ask))
        for side in Side:
            if random.random() < RATE / 2:
                price = round(mid + side.sign * random.expovariate(1.0 / DEPTH), 1)
                events.append(
                    Trade(ts_ns=ts_ns, trade_id=str(number), price=price, size=1.0, taker=side)
                )
    return Recording("spot_XYUSDT", Decimal("0.1"), tuple(events))


def test_measured_figures_are_those_of_the_market(recording: Recording) -> None:
    measured = Mids(recording)
    assert measured.realised() == pytest.approx(SIGMA, rel=0.25)
    around = measured.realised_around(np.array([0.0, 250.0, 499.0]), 1_000.0)
    assert around == pytest.approx([measured.realised()] * 3, rel=0.5)
    rates, counts = measured.reaches(0.0, (1.0, 4.0))
    # a window's mid is up to a second old, which adds to the reach
    assert rates == pytest.approx([RATE * 0.61, RATE * 0.14], rel=0.35)
    assert counts[0] > counts[1] > 20


@pytest.mark.slow
def test_calibration_of_an_ordinary_market_is_as_it_must_be(recording: Recording) -> None:
    found = {figure.what: figure for figure in figures(recording, onsets_max=2)}
    assert found["sigma / realised, r.m.s."].values[0] == pytest.approx(1.0, abs=0.25)
    assert found["time in NORMAL"].verdict == "ok"
    assert found["takers at 2 bp, expected / measured"].verdict == "ok"
    assert len(found) == 19


def test_verdict_compares_every_known_value_with_both_bounds() -> None:
    assert Figure("t", "w", (0.9, 1.1, nan), 0.8, 1.2).verdict == "ok"
    assert Figure("t", "w", (0.9, 1.3), 0.8, 1.2).verdict == "OFF"
    assert Figure("t", "w", (0.7,), 0.8, inf).verdict == "OFF"
    assert Figure("t", "w", (nan,), 0.8, 1.2).verdict == ""
    assert Figure("t", "w", (), -inf, 1.2).must_be == "<= 1.2"
    assert "5: 1 to 5" in line(Figure("t", "w", (1.0, 2.0, 3.0, 4.0, 5.0), 0.0, inf))


def test_folder_without_recordings_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert main([]) == 2
    assert "no recording" in capsys.readouterr().err
