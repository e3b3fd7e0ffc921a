"""Fair value: the mid of the book, or a micro-price learned from imbalance at the touch.

Both sides of the book are required; there is no fallback price.
Formulas: deploy/docs/strategy.md, "Fair value".
"""

from collections import deque
from math import exp, inf, log
from typing import NamedTuple

from quoter.domain.errors import InvalidInput
from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, not_negative, positive

LN2 = log(2.0)
BINS = 10
BIN_PAIRS = BINS // 2  # a bin and its mirror image share one value with opposite signs
SAMPLE_S = 0.25
HORIZON_S = 2.0
HALF_LIFE_S = 1800.0
PRIOR_SAMPLES = 50.0  # weight of the prior "no move", in samples
HALF_SPREADS_MAX = 0.5  # maximum distance of the micro-price from the mid, in our half-spreads
PENDING_MAX = int(HORIZON_S / SAMPLE_S) + 2


def mid(*, best_bid: float, best_ask: float) -> float:
    """Return the middle of the book, quote/base; our own orders must already be subtracted.

    Raises InvalidInput if a side is missing (not finite, not above zero) or the book is crossed
    or locked, because then no price is reliable.
    """
    if not (0.0 < best_bid < inf):
        raise InvalidInput("best_bid", best_bid)
    if not (best_bid < best_ask < inf):
        raise InvalidInput("best_ask", best_ask)
    return (best_bid + best_ask) / 2.0


def imbalance(*, bid_size: float, ask_size: float) -> float:
    """Return the bid's share of the size at the touch, 0 to 1; both sizes base, > 0.

    Raises InvalidInput for a size that is not above zero and finite.
    """
    positive("bid_size", bid_size)
    positive("ask_size", ask_size)
    return 1.0 / (1.0 + ask_size / bid_size)


class _Sample(NamedTuple):
    due_s: float
    mid: float
    spread: float
    bin: int
    sign: float


class MicroPrice:
    """Expected move of the mid after an imbalance at the touch, in units of the book spread.

    Both sides share one estimate with opposite signs. It is shrunk towards zero, so that an
    imbalance without predictive value moves nothing. One-step form of Stoikov's micro-price (2018,
    doi:10.1080/14697688.2018.1489139). Every update is O(1); pending samples are bounded.
    """

    def __init__(self, *, half_life_s: float = HALF_LIFE_S) -> None:
        """Halve a sample's weight in `half_life_s` seconds, > 0. Raises InvalidInput."""
        self._half_life_s = positive("half_life_s", half_life_s)
        self._moves = [0.0] * BIN_PAIRS
        self._weights = [0.0] * BIN_PAIRS
        self._pending: deque[_Sample] = deque(maxlen=PENDING_MAX)
        self._mid = 0.0
        self._sample_s = -inf

    def restart(self) -> None:
        """Drop pending samples after a gap in the feed; keep the learned moves."""
        self._pending.clear()
        self._sample_s = -inf

    def update(self, t_s: float, *, mid: float, spread: float, share: float) -> None:
        """Record the book at `t_s` seconds: mid and spread quote/base, share from `imbalance`.

        Raises InvalidInput for a number that is out of domain or not finite.
        """
        finite("t_s", t_s)
        positive("mid", mid)
        positive("spread", spread)
        index, sign = _mirrored(share)
        pending = self._pending
        while pending and pending[0].due_s <= t_s:
            sample = pending.popleft()
            seen = mid if sample.due_s == t_s else self._mid
            move = sample.sign * (seen - sample.mid) / sample.spread
            self._moves[sample.bin] += move
            self._weights[sample.bin] += 1.0
        self._mid = mid
        elapsed_s = t_s - self._sample_s
        if elapsed_s < -CLOCK_BACK_S_MAX:
            self.restart()
        elif elapsed_s < SAMPLE_S:
            return
        elif elapsed_s < inf:
            kept = exp(-LN2 * elapsed_s / self._half_life_s)
            self._moves = [kept * number for number in self._moves]
            self._weights = [kept * number for number in self._weights]
        self._sample_s = t_s
        pending.append(_Sample(t_s + HORIZON_S, mid, spread, index, sign))

    def expected_move(self, share: float) -> float:
        """Return the expected move of the mid, in book spreads, for a `share` from `imbalance`."""
        index, sign = _mirrored(share)
        return sign * self._moves[index] / (self._weights[index] + PRIOR_SAMPLES)

    def fair(self, *, mid: float, spread: float, share: float, half: float) -> float:
        """Return the micro-price, quote/base, at most `half` / 2 away from the mid.

        mid, spread: quote/base, > 0. share: from `imbalance`. half: our half-spread, price, >= 0.
        Raises InvalidInput outside these domains.
        """
        positive("mid", mid)
        most = HALF_SPREADS_MAX * not_negative("half", half)
        move = positive("spread", spread) * self.expected_move(share)
        return mid + min(max(move, -most), most)


def _mirrored(share: float) -> tuple[int, float]:
    """Return the bin of a share (0 to 1) and its sign: -1 below one half, else +1.

    A share and its mirror image have the same bin. Raises InvalidInput for any other share.
    """
    if not (0.0 <= share <= 1.0):
        raise InvalidInput("share", share)
    index = min(int(share * BINS), BINS - 1)
    return (index, -1.0) if index < BIN_PAIRS else (BINS - 1 - index, 1.0)
