"""Facts of a known observation, the comparison table, and one correction of the fit."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quoter.sim.messages import MarketSpec
from quoter.sim.real_markets import REAL_BITCOIN, REAL_PERPETUAL
from quoter.studies.real_like.__main__ import lines, main
from quoter.studies.real_like.facts import Facts, facts
from quoter.studies.real_like.fitting import corrected, generated, median
from quoter.studies.real_like.observed import Observed, of_market, of_tape

SECONDS = 240


@pytest.fixture(scope="module")
def observed() -> Observed:
    """The mid rises by 1 bp every fourth second; each time a buyer trades in three prints."""
    seconds = np.arange(SECONDS, dtype=float)
    mid = 1e4 * (1.0 + 1e-4 * (seconds // 4))
    moved = seconds[4::4] - 0.5
    times = np.repeat(moved, 3) + np.tile([0.0, 1e-4, 2e-4], len(moved))
    return Observed(
        top_s=seconds,
        bid=mid - 0.5,
        ask=mid + 0.5,
        bid_size=np.full(SECONDS, 8.0),
        ask_size=np.full(SECONDS, 8.0),
        trade_s=times,
        price=np.repeat(mid[4::4], 3),
        size=np.full(len(times), 2.0),
        sign=np.ones(len(times)),
    )


def test_facts_of_a_known_market(observed: Observed) -> None:
    found = facts(observed)
    assert found.still_share == pytest.approx(0.75, abs=0.01)
    assert found.kurtosis_1s == pytest.approx(4.0, rel=0.05)  # one second of four moves
    assert found.variance_ratio == pytest.approx(7.5, rel=0.05)  # a straight line
    assert found.autocorrelation_1s == 0.0
    assert found.pieces == 3.0
    assert found.touch == 4.0
    assert found.print_base == 2.0
    assert found.orders_per_s == pytest.approx(0.25, rel=0.05)
    assert found.spread_bp == pytest.approx(1.0, rel=0.05)
    assert found.kappa_sigma == pytest.approx(found.sigma_bp / 1.0, rel=0.05)
    assert found.busiest == pytest.approx(1.0, abs=0.1)
    assert found.fano_1s == pytest.approx(3.0 * 0.75, rel=0.05)
    first = observed.until(60.0)
    assert first.seconds == 60.0
    assert first.trade_s.max() < 60.0


def test_table_has_every_fact(observed: Observed) -> None:
    found = facts(observed)
    table = lines(found, [found, replace(found, pieces=5.0), replace(found, pieces=4.0)])
    (pieces,) = (line for line in table if "pieces" in line)
    assert [cell.strip() for cell in pieces.split("|")[2:6]] == ["3", "4", "3", "5"]
    assert len(table) == 1 + len(found.row())


def test_correction_moves_every_parameter_towards_its_fact() -> None:
    real = REAL_PERPETUAL.real
    assert real is not None
    found = facts(of_market(REAL_PERPETUAL, seed=1, seconds=200.0)).row()
    assert corrected(REAL_PERPETUAL, found, found) == REAL_PERPETUAL
    wanted = {name: 2.0 * value for name, value in found.items()}
    wanted["still_share"] = found["still_share"] ** 2
    after = corrected(REAL_PERPETUAL, wanted, found)
    assert after.real is not None
    assert after.sigma > REAL_PERPETUAL.sigma
    assert after.intensity > REAL_PERPETUAL.intensity
    assert after.depth_lots > REAL_PERPETUAL.depth_lots
    assert after.real.moves_per_s > real.moves_per_s
    assert after.real.move_tail > real.move_tail
    assert after.real.order_lots < real.order_lots
    with pytest.raises(ValueError, match="no real-like market"):
        corrected(replace(REAL_PERPETUAL, real=None), wanted, found)


def test_tape_is_read_as_anyone_could_observe_it(tmp_path: Path) -> None:
    best = {"u": 1, "s": "X", "b": "10", "B": "3", "a": "11", "A": "4"}
    trade = {"t": 5, "p": "11", "q": "2", "T": 0, "m": False}
    rows = [(1, "x@bookTicker", best), (2, "x@trade", trade), (3, "x@bookTicker", best)]
    text = (
        "".join(
            f"{second}{'0' * 9} {json.dumps({'stream': stream, 'data': data})}\n"
            for second, stream, data in rows
        )
        .replace("\n1", "\n170000000")
        .replace("\n2", "\n170000000")
    )
    path = tmp_path / "spot_X_20240101.gz"
    path.write_bytes(gzip.compress(text.encode()))
    tape = of_tape([path], "X")
    assert (tape.price[0], tape.size[0], tape.sign[0]) == (11.0, 2.0, 1.0)
    assert list(tape.bid_size) == [3.0, 3.0]


def test_folder_without_the_tapes_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no file spot_BTCUSDT_<date>.gz" in capsys.readouterr().err


def test_facts_have_names_and_values(observed: Observed) -> None:
    assert set(facts(observed).row()) == set(Facts.__annotations__)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("market", "of_the_tape"),
    [
        (REAL_BITCOIN, {"fano_100ms": 64.3, "fano_1s": 120.1, "fano_10s": 160.3}),
        (REAL_PERPETUAL, {"fano_1s": 330.8, "fano_10s": 524.6}),
    ],
)
def test_bursts_are_within_a_factor_of_two_of_the_tapes(
    market: MarketSpec, of_the_tape: dict[str, float]
) -> None:
    """The tapes' figures are written down, so that this needs no tape."""
    found = median(generated(market, 300.0))
    for name, figure in of_the_tape.items():
        assert figure / 2.0 < found[name] < 2.0 * figure, name
