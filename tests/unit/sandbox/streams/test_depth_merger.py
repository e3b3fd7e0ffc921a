"""Merging of depth diffs."""

from decimal import Decimal

from quoter.sandbox.streams.depth_merger import DepthMerger
from quoter.sim.messages import DepthNews


def test_merged_diff_spans_all_ids_and_keeps_the_last_size() -> None:
    merger = DepthMerger("X")
    assert merger.flush(0) is None
    one, two = Decimal(1), Decimal(2)
    for first, bids in ((1, ((one, one),)), (4, ((one, two), (two, one)))):
        merger.add(
            DepthNews(ts_ns=first, symbol="X", first=first, last=first + 2, bids=bids, asks=())
        )
    merged = merger.flush(9)
    assert merged is not None
    assert (merged.ts_ns, merged.first, merged.last) == (9, 1, 6)
    assert merged.bids == ((one, two), (two, one))
    assert merger.flush(10) is None
