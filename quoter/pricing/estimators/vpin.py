"""VPIN, volume-synchronised probability of informed trading: a metric, not a control.

Formula: deploy/docs/strategy.md, "VPIN".
"""

from collections import deque
from math import floor

from quoter.pricing.validation import not_negative, positive

BUCKETS = 50
BUCKETS_PER_DAY = 200.0  # buckets in the volume of a day
FULL = 1.0 - 1e-12  # share from which a bucket is full; allows for rounding


class Vpin:
    """Mean share of one-sided volume in the last full buckets of equal volume.

    The taker's sides are those that the venue reports; none are inferred. Source: Easley, Lopez de
    Prado and O'Hara 2012 (doi:10.1093/rfs/hhs053). It is not used for control; Andersen &
    Bondarenko 2014 (doi:10.1016/j.finmar.2013.05.005) give the reasons.
    """

    def __init__(self, bucket: float, *, buckets: int = BUCKETS) -> None:
        """Average the last `buckets` (> 0) buckets, each of the volume `bucket` (base, > 0).

        Raises InvalidInput outside these domains.
        """
        self._bucket = positive("bucket", bucket)
        positive("buckets", buckets)
        self._ring: deque[float] = deque(maxlen=buckets)
        self._sum = 0.0
        self._bought = self._sold = 0.0

    @property
    def imbalances(self) -> tuple[float, ...]:
        """Imbalances |bought - sold| of the last full buckets, base, oldest first."""
        return tuple(self._ring)

    @property
    def value(self) -> float | None:
        """VPIN, 0 to 1; None before the first bucket is full."""
        return self._sum / (len(self._ring) * self._bucket) if self._ring else None

    def add(self, bought: float, sold: float) -> None:
        """Record bought and sold volume, base, >= 0; the excess over a bucket goes to the next one.

        If the volume fills more buckets than the ring holds, only the last ones are computed.
        """
        volume = not_negative("bought", bought) + not_negative("sold", sold)
        not_negative("volume", volume)
        bucket, ring_size = self._bucket, self._ring.maxlen or BUCKETS
        surplus = floor(volume / bucket) - ring_size - 1
        if surplus > 0:
            kept = 1.0 - surplus * bucket / volume
            bought, sold = bought * kept, sold * kept
        for _ in range(ring_size + 3):
            volume = bought + sold
            if not (volume > 0.0):
                return
            part = min(1.0, (bucket - self._bought - self._sold) / volume)
            self._bought += bought * part
            self._sold += sold * part
            bought, sold = bought * (1.0 - part), sold * (1.0 - part)
            if self._bought + self._sold >= bucket * FULL:
                self._close()

    def _close(self) -> None:
        self._ring.append(abs(self._bought - self._sold))
        self._sum = sum(self._ring)  # recomputed once a bucket: a running sum would drift
        self._bought = self._sold = 0.0
