"""Pauses between the attempts of a start, and how often a start tries.

The daemon and the sentinel share them: both meet venues that are in maintenance, or whose list of
markets is not whole.
"""

from collections.abc import Iterator

START_TRIES = 3  # after an error that is not the venue's state
START_PAUSE_S, START_PAUSE_S_MAX = 1.0, 15.0


def start_pauses() -> Iterator[float]:
    """Yield the pauses between tries, in seconds: each twice the one before, up to 15 s."""
    pause_s = START_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(START_PAUSE_S_MAX, 2 * pause_s)
