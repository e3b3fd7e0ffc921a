"""`python -m quoter.studies.tapes FOLDER`: the table of recordings, figures and verdicts.

FOLDER holds the files of the recordings. Exit code 1 if a figure is off, 2 for a folder without a
usable recording.
"""

import sys
from collections.abc import Sequence
from math import isnan
from pathlib import Path

from quoter.studies.tapes.figures import Figure, figures
from quoter.studies.tapes.recording import recordings
from quoter.tapes.messages import TapeError

SHOWN_MAX = 4  # up to so many values are listed; of more only their number and range


def main(arguments: Sequence[str]) -> int:
    """Print the table, each recording as soon as it is measured; return the exit code."""
    if len(arguments) != 1:
        return _unusable("usage: python -m quoter.studies.tapes FOLDER")
    (folder,) = arguments
    found: list[Figure] = []
    try:
        for recording in recordings(Path(folder)):
            for figure in figures(recording):
                _say(line(figure))
                found.append(figure)
    except TapeError as error:
        return _unusable(f"tapes: {error}")
    if not found:
        return _unusable(f"tapes: no recording in {folder}")
    off = sum(figure.verdict == "OFF" for figure in found)
    undecided = sum(figure.verdict == "not decidable" for figure in found)
    _say(f"{len(found)} figures, {off} off, {undecided} not decidable on these recordings")
    return 1 if off else 0


def line(figure: Figure) -> str:
    """Return one line of the table: tape, figure, values, what they must be, verdict."""
    value = shown(figure.values) + (f" [{shown_range(figure.onsets)}]" if figure.onsets else "")
    verdict = figure.verdict + (f": {figure.undecided}" if figure.undecided else "")
    columns = (
        f"{figure.tape:14}",
        f"{figure.what:60}",
        f"{value:>30}",
        f"{figure.must_be:>14}",
        f"{verdict:3}",
    )
    return f"| {' | '.join(columns)} |"


def shown_range(values: Sequence[float]) -> str:
    """Return the quartiles of the values and their number, as text."""
    low, high = (sorted(values)[round(q * (len(values) - 1))] for q in (0.25, 0.75))
    return f"{low:.3g} to {high:.3g}, n {len(values)}"


def shown(values: Sequence[float]) -> str:
    """Return the values as text; of many, their number and range."""
    if len(values) > SHOWN_MAX:
        return f"{len(values)}: {min(values):.3g} to {max(values):.3g}"
    return " ".join("-" if isnan(value) else f"{value:.3g}" for value in values) or "-"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _unusable(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
