"""The exchange behind the transports: what a reset restores."""

from quoter.sandbox.config import default_config
from quoter.sandbox.exchange.venue import Venue

SYMBOL = "BTCUSDT"


def test_a_reset_opens_a_halted_market() -> None:
    """Its status stayed BREAK, although its orders were accepted."""
    venue = Venue(default_config(1))
    venue.halt(SYMBOL, is_halted=True)
    assert SYMBOL in venue.halted
    venue.reset()
    assert SYMBOL not in venue.halted
