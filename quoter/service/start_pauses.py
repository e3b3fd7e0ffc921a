"""Pauses between the attempts of a start, and how often a start tries.

The daemon and the sentinel share them: for both a venue may be in maintenance, or its list of
markets incomplete.
"""

from collections.abc import Iterator

START_TRIES = 3  # after any error except an unavailable venue
START_PAUSE_S, START_PAUSE_S_MAX = 1.0, 15.0


def start_pauses() -> Iterator[float]:
    """Yield the pauses between tries, in seconds: each twice the one before, up to 15 s."""
    pause_s = START_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(START_PAUSE_S_MAX, 2 * pause_s)
