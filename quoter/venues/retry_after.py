"""Retry-After headers of refused requests and handshakes."""

from math import isfinite

RETRY_AFTER_S_MAX = 3 * 86_400.0  # the longest ban that Binance documents


def retry_after_s(header: str | None) -> float:
    """Return the seconds of a Retry-After header, bounded; 0 if it is missing or a date."""
    try:
        seconds = float(header or 0)
    except ValueError:
        return 0.0
    return min(RETRY_AFTER_S_MAX, max(0.0, seconds)) if isfinite(seconds) else 0.0
