"""Evidence for and against the order book: does it still describe the market?

A connected stream may bring nothing usable while its socket answers pings. So the book has an age
of its own: the time since its last accepted update, or since the request of best prices that were
found equal to it. Five observations prove that a stream is silent or that its book is wrong:

* two requests in a row give other best prices than the book has, which stand still meanwhile
  (updates of other levels do not count: a stream may bring the far ones only);
* two requests in a row find the venue's book at a later update than ours, with none in between
  (a venue that numbers its updates sends each of them: Binance also those that change nothing);
* an order of ours was acknowledged and rests, and no depth update followed;
* the ticker was at an update that the depth does not reach, although it may go on;
* the feed itself reports impossible ids or frames (`FeedHealth.on_evidence`).
"""

from collections.abc import Callable
from math import isclose

from quoter.domain.events import BestPricesReport
from quoter.domain.market import Level
from quoter.domain.number_text import plain
from quoter.domain.units import NS_PER_S
from quoter.engine.config import BookPolicy

# acknowledged orders that are remembered until the depth moves; more would add no proof
ACKS_MAX = 100
SIZE_TOLERANCE = 1e-9  # relative: the same size through two texts
# Confirmations needed after a proof, unless the stream itself changes a best level; doubled each
# time.
TRUSTED_AFTER, DOUBLINGS_MAX = 3, 5


type Touch = tuple[Level, Level]  # best bid and ask as published, our own orders included


class BookEvidence:
    """Age of the book, and the proofs against it; times are those of events, nanoseconds."""

    def __init__(self, policy: BookPolicy) -> None:
        self._policy = policy
        self.confirmed_ns = 0  # last accepted update, or request of best prices that agreed
        self._updated_ns = 0
        self._touch: Touch | None = None
        self._touch_ns = self._touch_last = 0  # when it changed, and the book's number then
        self._acked_ns: dict[str, int] = {}  # by client id, since the last depth update
        # (update of a ticker that the depth has not reached, since when)
        self._behind: tuple[int, int] | None = None
        # Request of the first answer with other best prices; with equal ones of a later update.
        self._mismatch_ns: int | None = None
        self._later_ns: int | None = None
        self._distrust = 0  # confirmations still missing after a proof
        self._proofs = 0  # since the stream last changed a best level

    @property
    def is_trusted(self) -> bool:
        """Whether no proof against the book stands; new best levels or confirmations end it."""
        return self._distrust == 0

    @property
    def has_proofs(self) -> bool:
        """Whether a proof was found since the stream last changed a best level."""
        return self._proofs > 0

    @property
    def is_in_doubt(self) -> bool:
        """Whether the newest comparison found other best prices, or a later update."""
        return self._mismatch_ns is not None or self._later_ns is not None

    def still_ns(self, ts_ns: int) -> int:
        """Return for how long the best prices and their sizes have not changed."""
        return ts_ns - self._touch_ns

    def restart(self, ts_ns: int) -> None:
        """Forget what was observed on the old connection: a new one begins."""
        self.confirmed_ns = self._updated_ns = max(self.confirmed_ns, ts_ns)
        self._touch_ns = self._updated_ns
        self._acked_ns.clear()
        self._behind = self._mismatch_ns = self._later_ns = self._touch = None

    def distrust(self) -> None:
        """Require confirmations: the book was proven wrong, or its stream silent."""
        self._distrust = TRUSTED_AFTER << min(self._proofs, DOUBLINGS_MAX)
        self._proofs += 1
        self._acked_ns.clear()
        self._behind = self._mismatch_ns = self._later_ns = None

    def on_snapshot(self, ts_ns: int, *, last: int, touch: Touch | None) -> None:
        """Update from an accepted snapshot of the depth; `last` is its number.

        With other best prices than before it counts as one confirmation. It ends no distrust: it
        may come from elsewhere than the stream.
        """
        if self._on_update(ts_ns, last, touch):
            self._distrust = max(0, self._distrust - 1)
        self._on_depth(ts_ns, last)

    def on_delta(self, ts_ns: int, *, last: int, touch: Touch | None, changes_best: bool) -> None:
        """Update from an accepted delta of the depth; `last` is its number.

        `changes_best`: it changed a best level, which ends all distrust. Changes of other levels do
        not, because a stream may bring the far ones only. Not needed while `has_proofs` is False.
        """
        self._on_update(ts_ns, last, touch)
        if changes_best:
            self._distrust = self._proofs = 0
        self._on_depth(ts_ns, last)

    def _on_depth(self, ts_ns: int, last: int) -> None:
        if self._behind is not None and self._behind[0] <= last:
            self._behind = None
        self._acked_ns = {name: ns for name, ns in self._acked_ns.items() if ns > ts_ns}

    def on_ticker(self, ts_ns: int, update_id: int, *, last: int, touch: Touch | None) -> None:
        """Update from accepted best prices at `update_id`; `last`: number of the depth's update."""
        self._on_update(ts_ns, last, touch)
        if update_id > last and self._behind is None:
            self._behind = update_id, ts_ns

    def on_order_ack(self, client_id: str, ts_ns: int) -> None:
        """Remember that an order of ours rests at the venue: the depth must show it soon."""
        if len(self._acked_ns) < ACKS_MAX:
            self._acked_ns.setdefault(client_id, ts_ns)

    def on_order_end(self, client_id: str) -> None:
        """Forget an order that ended: it proves nothing any more."""
        self._acked_ns.pop(client_id, None)

    def on_best_prices(self, report: BestPricesReport, bid: Level, ask: Level, last: int) -> str:
        """Compare the venue's best prices with the book's; return why the book is wrong, or "".

        `last` is the number of the depth update that the book is at.
        """
        if report.asked_ns <= self._touch_ns:
            return ""  # the stream brought other best prices meanwhile
        is_equal = _is_equal(report.bid, bid) and _is_equal(report.ask, ask)
        if 0 < report.last < (last if is_equal else self._touch_last):
            return (
                ""  # an older book confirms nothing, and contradicts only best prices that it had
            )
        if is_equal:
            self._mismatch_ns = None
            return self._on_equal(report, last)
        if self._mismatch_ns is None:
            self._mismatch_ns = report.asked_ns
        if report.asked_ns - self._mismatch_ns < self._policy.mismatch_ns:
            return ""
        return (
            f"our book has best bid and ask {_best(bid, ask)}, "
            f"the venue reports {_best(report.bid, report.ask)}"
        )

    def _on_equal(self, report: BestPricesReport, last: int) -> str:
        """Confirm the book, or return the later update at which the venue has been for a while."""
        if report.last <= last or report.asked_ns <= self._updated_ns:
            self._later_ns = None
            self.confirmed_ns = max(self.confirmed_ns, report.asked_ns)
            self._distrust = max(0, self._distrust - 1)
            return ""
        if self._later_ns is None:
            self._later_ns = report.asked_ns
        if report.asked_ns - self._later_ns < self._policy.mismatch_ns:
            return ""
        return f"our book is at update {last}, the venue's at {report.last}"

    def proof(self, ts_ns: int, is_missing: Callable[[str], bool]) -> str:
        """Return the present proof that the book is wrong or its stream silent; empty if none.

        `is_missing` returns whether the book should show the order of a client id and does not.
        """
        limit_ns = self._policy.unseen_ns
        due = [name for name, ns in self._acked_ns.items() if ts_ns - ns > limit_ns]
        for client_id in due:
            seconds = (ts_ns - self._acked_ns.pop(client_id)) / NS_PER_S
            if is_missing(client_id):
                return (
                    f"the depth stream does not show our order {client_id}, {seconds:.1f} s after "
                    "the venue accepted it"
                )
        if self._behind is not None and ts_ns - self._behind[1] > limit_ns:
            update_id, since_ns = self._behind
            seconds = (ts_ns - since_ns) / NS_PER_S
            return (
                f"the depth stream has not reached update {update_id}, which the stream of best "
                f"prices had {seconds:.1f} s before"
            )
        return ""

    def _on_update(self, ts_ns: int, last: int, touch: Touch | None) -> bool:
        """Return whether the best prices, or their sizes, are others than before."""
        self.confirmed_ns = max(self.confirmed_ns, ts_ns)
        self._updated_ns = max(self._updated_ns, ts_ns)
        self._later_ns = None
        if touch is not None and touch == self._touch:
            return False
        self._touch, self._touch_last = touch, last
        self._touch_ns = max(self._touch_ns, ts_ns)
        self._mismatch_ns = None
        return touch is not None


def _best(bid: Level, ask: Level) -> str:
    """Return prices and sizes, because either may differ."""
    return " / ".join(f"{plain(one.price, 12)} ({plain(one.size, 12)})" for one in (bid, ask))


def _is_equal(reported: Level, ours: Level) -> bool:
    is_same_size = isclose(reported.size, ours.size, rel_tol=SIZE_TOLERANCE, abs_tol=0.0)
    return reported.price == ours.price and is_same_size
