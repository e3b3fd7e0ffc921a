"""`python -m quoter.studies.real_like FOLDER [--fit ROUNDS]`: facts of tapes and generated markets.

FOLDER holds the captures (compressed) that the markets were fitted to. For each fact of a tape, the
generated market's median, smallest and largest value over the seeds are printed. With --fit the
market is fitted first, and its parameters are printed. Exit code 2 if a capture is missing.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from quoter.sim.messages import MarketSpec
from quoter.sim.real_markets import REAL_BITCOIN, REAL_PERPETUAL, REAL_THIN
from quoter.studies.real_like.facts import Facts, facts
from quoter.studies.real_like.fitting import fitted, generated, median
from quoter.studies.real_like.observed import of_tape
from quoter.tapes.messages import TapeError

LENGTH_S_MAX = 20_000.0  # longest generated run, s; a shorter tape's own length


class Tape(NamedTuple):
    """A capture, and the market that was fitted to it; files are named NAME_<yyyymmdd>.gz."""

    name: str
    symbol: str
    market: MarketSpec


TAPES = (
    Tape("spot_BTCUSDT", "BTCUSDT", REAL_BITCOIN),
    Tape("usdm_BTCUSDT", "BTCUSDT", REAL_PERPETUAL),
    Tape("spot_NEXOUSDT", "NEXOUSDT", REAL_THIN),
)


def main(arguments: Sequence[str]) -> int:
    """Print the comparison of every tape; return the exit code."""
    parser = ArgumentParser(prog="python -m quoter.studies.real_like", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the captures are")
    parser.add_argument("--fit", type=int, default=0, metavar="ROUNDS", help="corrections to make")
    parser.add_argument("--only", choices=[tape.name for tape in TAPES], help="one of the tapes")
    options = parser.parse_args(arguments)
    for tape in TAPES:
        if options.only not in {None, tape.name}:
            continue
        files = sorted(options.folder.glob(f"{tape.name}_*.gz"))
        if not files:
            return _unusable(f"real_like: no file {tape.name}_<date>.gz in {options.folder}")
        try:
            _compare(tape, files, options.fit)
        except TapeError as error:
            return _unusable(f"real_like: {error}")
    return 0


def _compare(tape: Tape, files: Sequence[Path], rounds: int) -> None:
    observed = of_tape(files, tape.symbol)
    seconds, target, spec = min(observed.seconds, LENGTH_S_MAX), facts(observed), tape.market
    if rounds:
        spec = fitted(spec, target, seconds=seconds, rounds=rounds, say=_note)
        _say(f"{tape.name}: {spec}")
    runs = generated(spec, seconds)
    _say(f"{tape.name}, {observed.seconds:.0f} s; {len(runs)} generated runs of {seconds:.0f} s")
    for line in lines(target, runs):
        _say(line)


def lines(target: Facts, runs: Sequence[Facts]) -> list[str]:
    """Return the rows of the table: fact, tape, generated median, smallest and largest."""
    middle, rows = median(runs), [run.row() for run in runs]
    table = [f"| {'fact':18} | {'tape':>9} | {'generated':>9} | {'smallest':>9} | {'largest':>9} |"]
    for name, value in target.row().items():
        values = [row[name] for row in rows]
        table.append(
            f"| {name:18} | {value:9.4g} | {middle[name]:9.4g} "
            f"| {min(values):9.4g} | {max(values):9.4g} |"
        )
    return table


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _unusable(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
