"""Evidence for and against the order book: does it still describe the market?

A stream may bring nothing usable although its socket answers pings. The book therefore has an age:
the time since its last accepted update, or since the last request whose best prices were equal to
it. Each of five observations proves that a stream is silent or that its book is wrong:

* The venue answers two requests in a row with best prices that differ from the book's, and those of
  the book do not change meanwhile. Updates of other levels are not enough, because a faulty stream
  may bring far levels only.
* The venue answers two requests in a row with a later update than ours, and the stream brings none
  in between. (A venue that numbers its updates sends each of them; Binance also sends those that
  change nothing.)
* An order of ours was acknowledged and rests, but no depth update followed.
* The ticker had an update id that the depth has not reached in time, even if the depth still moves.
* The feed reports impossible ids or frames (`FeedHealth.on_evidence`).
"""

from collections.abc import Callable
from math import isclose

from quoter.domain.events import BestPricesReport
from quoter.domain.market import Level
from quoter.domain.number_text import plain
from quoter.domain.units import NS_PER_S
from quoter.engine.config import BookPolicy

# acknowledged orders stored until the next depth update; more are not needed for a proof
ACKS_MAX = 100
SIZE_TOLERANCE = 1e-9  # relative; rounding of the same size in two texts
# Confirmations needed after a proof if the stream changes no best level; doubled with each proof.
TRUSTED_AFTER, DOUBLINGS_MAX = 3, 5


type Touch = tuple[Level, Level]  # best bid and ask as published, our own orders included


class BookEvidence:
    """Age of the book, and proofs that it is wrong; times are those of events, nanoseconds."""

    def __init__(self, policy: BookPolicy) -> None:
        self._policy = policy
        # time of the last accepted update, or of the last request with equal best prices
        self.confirmed_ns = 0
        self._updated_ns = 0
        self._touch: Touch | None = None
        # time of its last change, and the book's update id then
        self._touch_ns = self._touch_last = 0
        self._acked_ns: dict[str, int] = {}  # by client id, since the last depth update
        # (update id of a ticker that the depth has not reached, time of that ticker)
        self._behind: tuple[int, int] | None = None
        # Request times of the first answer: with other best prices, with a later update.
        self._mismatch_ns: int | None = None
        self._later_ns: int | None = None
        self._distrust = 0  # confirmations still missing after a proof
        self._proofs = 0  # since the stream last changed a best level

    @property
    def is_trusted(self) -> bool:
        """Whether no proof is in force. New best levels or enough confirmations end a proof."""
        return self._distrust == 0

    @property
    def has_proofs(self) -> bool:
        """Whether a proof was found since the stream last changed a best level."""
        return self._proofs > 0

    @property
    def is_in_doubt(self) -> bool:
        """Whether the last comparison found other best prices or a later update at the venue."""
        return self._mismatch_ns is not None or self._later_ns is not None

    def still_ns(self, ts_ns: int) -> int:
        """Return how long the best prices and their sizes have been unchanged, nanoseconds."""
        return ts_ns - self._touch_ns

    def restart(self, ts_ns: int) -> None:
        """Drop the observations of the old connection, when a new one begins."""
        self.confirmed_ns = self._updated_ns = max(self.confirmed_ns, ts_ns)
        self._touch_ns = self._updated_ns
        self._acked_ns.clear()
        self._behind = self._mismatch_ns = self._later_ns = self._touch = None

    def distrust(self) -> None:
        """Record a proof: the book is trusted again only after confirmations or an update."""
        self._distrust = TRUSTED_AFTER << min(self._proofs, DOUBLINGS_MAX)
        self._proofs += 1
        self._acked_ns.clear()
        self._behind = self._mismatch_ns = self._later_ns = None

    def on_snapshot(self, ts_ns: int, *, last: int, touch: Touch | None) -> None:
        """Record an accepted snapshot of the depth; `last` is its update id.

        If its best prices differ from those before, it is one confirmation. It does not end all
        distrust, because it may come from another source than the stream.
        """
        if self._on_update(ts_ns, last, touch):
            self._distrust = max(0, self._distrust - 1)
        self._on_depth(ts_ns, last)

    def on_delta(self, ts_ns: int, *, last: int, touch: Touch | None, changes_best: bool) -> None:
        """Record an accepted delta of the depth; `last` is its update id.

        changes_best: whether it changed a best level, which ends all distrust. Changes of other
        levels do not, because a faulty stream may bring far levels only. It may be
        given as False while `has_proofs` is False.
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
        """Record accepted best prices with the id `update_id`; `last`: update id of the depth."""
        self._on_update(ts_ns, last, touch)
        if update_id > last and self._behind is None:
            self._behind = update_id, ts_ns

    def on_order_ack(self, client_id: str, ts_ns: int) -> None:
        """Record that an order of ours rests at the venue, so that the depth must show it soon."""
        if len(self._acked_ns) < ACKS_MAX:
            self._acked_ns.setdefault(client_id, ts_ns)

    def on_order_end(self, client_id: str) -> None:
        """Drop an order that has ended: the depth need not show it."""
        self._acked_ns.pop(client_id, None)

    def on_best_prices(self, report: BestPricesReport, bid: Level, ask: Level, last: int) -> str:
        """Compare the venue's best prices with the book's; return the proof against it, or "".

        last: update id of the depth.
        """
        if report.asked_ns <= self._touch_ns:
            return ""  # the stream brought other best prices meanwhile
        is_equal = _is_equal(report.bid, bid) and _is_equal(report.ask, ask)
        if 0 < report.last < (last if is_equal else self._touch_last):
            return ""  # older than our book: no confirmation, and not comparable
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
        """Confirm the book, or return the proof that the venue is at a later update.

        The proof is complete when a second answer, requested `mismatch_ns` or more after the first,
        also has a later update.
        """
        if report.last <= last or report.asked_ns <= self._updated_ns:
            self._later_ns = None
            self.confirmed_ns = max(self.confirmed_ns, report.asked_ns)
            self._distrust = max(0, self._distrust - 1)
            return ""
        if self._later_ns is None:
            self._later_ns = report.asked_ns
        if report.asked_ns - self._later_ns < self._policy.mismatch_ns:
            return ""
        return f"our book is at update {last}, the venue's book at {report.last}"

    def proof(self, ts_ns: int, is_missing: Callable[[str], bool]) -> str:
        """Return the proof that the book is wrong or its stream silent; empty if there is none.

        is_missing: returns whether the book lacks the order of a client id that it should show.
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
                f"the depth stream has not reached update {update_id}, {seconds:.1f} s after the "
                "stream of best prices"
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
    """Return prices and sizes as text, because either may differ."""
    return " / ".join(f"{plain(one.price, 12)} ({plain(one.size, 12)})" for one in (bid, ask))


def _is_equal(reported: Level, ours: Level) -> bool:
    is_same_size = isclose(reported.size, ours.size, rel_tol=SIZE_TOLERANCE, abs_tol=0.0)
    return reported.price == ours.price and is_same_size
