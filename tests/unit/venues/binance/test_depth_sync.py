"""A book built from the events of `DepthSync` always equals a book that the venue had."""

from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.events import BookDelta, BookSnapshot
from quoter.domain.market import Level
from quoter.state.book import Book
from quoter.venues.binance.depth_sync import KNOWN_DIFFS_MAX, DepthDiff, DepthSync

PRICES = 4


def diff(first: int, last: int, *, ts_ns: int = 1, size: float = 1.0) -> DepthDiff:
    return DepthDiff(ts_ns=ts_ns, first=first, last=last, bids=(Level(100.0, size),), asks=())


def snapshot(last: int, *, ts_ns: int = 9) -> BookSnapshot:
    return BookSnapshot(ts_ns=ts_ns, last=last, bids=(Level(99.0, 1.0),), asks=())


def test_buffered_diffs_follow_the_snapshot_without_a_gap() -> None:
    sync = DepthSync()
    assert sync.on_diff(diff(1, 5)) is None
    assert sync.on_diff(diff(6, 10)) is None
    events = sync.on_snapshot(snapshot(7))
    assert events is not None
    assert [(type(e).__name__, e.last) for e in events] == [("BookSnapshot", 7), ("BookDelta", 10)]
    (delta,) = (e for e in events if isinstance(e, BookDelta))
    assert delta.prev == 7
    assert delta.ts_ns == 9, "a buffered diff counts as received with the snapshot"
    following = sync.on_diff(diff(11, 12))
    assert following is not None
    assert following.prev == 10


def test_snapshot_older_than_first_diff_is_refused() -> None:
    sync = DepthSync()
    sync.on_diff(diff(10, 12))
    assert sync.on_snapshot(snapshot(8)) is None
    assert not sync.is_synced
    assert sync.stale_snapshots == 1
    assert sync.on_snapshot(snapshot(9)) is not None, "it ends right before the first diff"


def test_a_quiet_market_syncs_without_any_diff() -> None:
    sync = DepthSync()
    assert sync.on_snapshot(snapshot(5)) is not None
    assert sync.is_synced


def test_known_events_are_ignored_and_counted() -> None:
    sync = DepthSync()
    sync.on_snapshot(snapshot(10))
    assert sync.on_diff(diff(8, 10)) is None
    assert sync.ignored == 1


def test_gap_is_emitted_and_sync_restarts() -> None:
    sync = DepthSync()
    sync.on_snapshot(snapshot(10))
    gap = sync.on_diff(diff(13, 14))
    assert gap is not None
    assert gap.prev == 12
    assert not sync.is_synced
    assert sync.on_diff(diff(15, 15)) is None
    events = sync.on_snapshot(snapshot(14))
    assert events is not None
    assert [e.last for e in events] == [14, 15]


def test_ids_that_run_back_are_a_gap() -> None:
    """Later ids would seem to follow, and the updates in between would be missing."""
    sync = DepthSync()
    sync.on_snapshot(snapshot(10))
    assert sync.on_diff(diff(11, 14)) is not None
    gap = sync.on_diff(diff(12, 13))
    assert gap is not None
    book = Book()
    book.load(BookSnapshot(ts_ns=1, last=14, bids=(Level(9.0, 1.0),), asks=(Level(10.0, 1.0),)))
    assert "gap" in (book.apply(gap) or "")
    assert not sync.is_synced
    assert sync.gaps == 1


def test_the_same_diff_again_is_only_ignored() -> None:
    sync = DepthSync()
    sync.on_snapshot(snapshot(10))
    sync.on_diff(diff(11, 14))
    assert sync.on_diff(diff(11, 14)) is None
    assert sync.is_synced


def test_a_stream_behind_its_snapshot_is_no_gap() -> None:
    sync = DepthSync()
    sync.on_snapshot(snapshot(20))
    for first in (11, 15, 18):
        assert sync.on_diff(diff(first, first + 2)) is None
    following = sync.on_diff(diff(21, 22))
    assert following is not None
    assert following.prev == 20


def test_ids_that_run_back_while_a_snapshot_is_awaited_start_the_buffer_anew() -> None:
    """With the diffs of the high ids in it, every snapshot would be too old."""
    sync = DepthSync()
    sync.on_diff(diff(1_000_011, 1_000_012))
    sync.on_diff(diff(13, 14))
    events = sync.on_snapshot(snapshot(12))
    assert events is not None
    assert [event.last for event in events] == [12, 14]


def test_gap_in_buffer_discards_older_diffs() -> None:
    sync = DepthSync()
    sync.on_diff(diff(1, 2))
    sync.on_diff(diff(5, 6))
    assert sync.on_snapshot(snapshot(2)) is None
    assert sync.gaps == 1


def test_the_buffer_is_bounded() -> None:
    sync = DepthSync(buffer_max=3)
    for update in range(1, 11):
        sync.on_diff(diff(update, update))
    assert sync.on_snapshot(snapshot(5)) is None, "updates 6 and 7 are gone"
    assert sync.on_snapshot(snapshot(7)) is not None


class Venue:
    """Reference venue: every update sets one of a few levels; past states are kept."""

    def __init__(self) -> None:
        self.states: list[dict[float, float]] = [{}]

    @property
    def last(self) -> int:
        return len(self.states) - 1

    def update(self, level: int, size: int) -> None:
        book = dict(self.states[-1])
        price = 100.0 + level
        if size:
            book[price] = float(size)
        else:
            book.pop(price, None)
        self.states.append(book)

    def diff(self, first: int, last: int) -> DepthDiff:
        """Return absolute sizes, as of `last`, of all levels that changed since `first`."""
        changed = {
            price
            for update in range(first, last + 1)
            for price in {*self.states[update], *self.states[update - 1]}
            if self.states[update].get(price) != self.states[update - 1].get(price)
        }
        bids = tuple(Level(price, self.states[last].get(price, 0.0)) for price in sorted(changed))
        return DepthDiff(ts_ns=1, first=first, last=last, bids=bids, asks=())

    def snapshot(self, last: int) -> BookSnapshot:
        bids = tuple(Level(*item) for item in self.states[last].items())
        return BookSnapshot(ts_ns=1, last=last, bids=bids, asks=())


class Reader:
    """A consumer of events: a delta that does not follow makes its book invalid."""

    def __init__(self) -> None:
        self.book: dict[float, float] = {}
        self.last: int | None = None

    def apply(self, event: BookSnapshot | BookDelta) -> None:
        if isinstance(event, BookSnapshot):
            self.book, self.last = dict(event.bids), event.last
        elif self.last is not None and event.prev == self.last:
            for price, size in event.bids:
                self.book[price] = size
                if not size:
                    del self.book[price]
            self.last = event.last
        else:
            self.last = None


updates = st.lists(st.tuples(st.integers(0, PRICES - 1), st.integers(0, 3)), min_size=1, max_size=4)
steps = st.tuples(
    updates,
    st.sampled_from(["deliver", "drop", "twice", "hold", "overlap"]),
    st.one_of(st.none(), st.integers(0, 6)),  # age of a snapshot in updates
)


@settings(deadline=None)
@given(st.lists(steps, min_size=1, max_size=30))
def test_book_is_right_after_drops_duplicates_and_overlaps(
    script: list[tuple[list[tuple[int, int]], str, int | None]],
) -> None:
    venue, sync, reader = Venue(), DepthSync(buffer_max=8), Reader()
    held: list[DepthDiff] = []
    for changes, fate, age in script:
        first = venue.last + 1
        for level, size in changes:
            venue.update(level, size)
        begins = max(1, first - 2) if fate == "overlap" else first
        frames = [venue.diff(begins, venue.last)] * (2 if fate == "twice" else 1)
        if fate == "drop":
            frames = []
        frames, held = (held, frames) if fate == "hold" else (frames + held, [])
        for frame in frames:
            if (delta := sync.on_diff(frame)) is not None:
                reader.apply(delta)
        if age is not None and not sync.is_synced:
            for event in sync.on_snapshot(venue.snapshot(max(0, venue.last - age))) or ():
                reader.apply(event)
        if reader.last is not None:
            assert reader.book == venue.states[reader.last]
        assert sync.is_synced == (reader.last is not None)


@settings(deadline=None)
@given(st.lists(updates, min_size=1, max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_book_check_returns_the_venues_book_at_our_update_or_none(
    script: list[list[tuple[int, int]]], watched_from: int, asked_at: int
) -> None:
    venue, sync, snapshot_of = Venue(), DepthSync(), None
    sync.on_snapshot(venue.snapshot(0))
    for number, changes in enumerate(script):
        if number == watched_from:
            sync.begin_book_check()
        if number == asked_at:
            snapshot_of = venue.snapshot(venue.last)
        first = venue.last + 1
        for level, size in changes:
            venue.update(level, size)
        sync.on_diff(venue.diff(first, venue.last))
    if snapshot_of is None:
        return
    audited = sync.finish_book_check(snapshot_of)
    if audited is None:
        assert watched_from >= len(script) or asked_at < watched_from
        return
    assert audited.last == venue.last
    assert dict(audited.bids) == venue.states[venue.last]
    assert list(audited.bids) == sorted(audited.bids, reverse=True)


def test_snapshot_outside_the_recording_is_not_compared() -> None:
    for last in (9, 12):
        sync = DepthSync()
        sync.on_snapshot(snapshot(10))
        sync.begin_book_check()
        sync.on_diff(diff(11, 11))
        assert sync.finish_book_check(snapshot(last)) is None
    sync = DepthSync()
    sync.on_snapshot(snapshot(11))
    sync.begin_book_check()
    sync.restart()
    sync.on_snapshot(snapshot(11))
    assert sync.finish_book_check(snapshot(11)) is None, "the sync began anew"


def test_book_check_applies_a_diff_that_begins_before_the_snapshot_and_ends_after_it() -> None:
    sync = DepthSync()
    sync.on_snapshot(snapshot(10))
    sync.begin_book_check()
    sync.on_diff(diff(11, 14, size=7.0))
    checked = sync.finish_book_check(snapshot(12))
    assert checked is not None
    assert checked.last == 14
    assert 7.0 in [size for _, size in (*checked.bids, *checked.asks)]


def test_diff_of_second_connection_continues_repeats_or_leaves_a_gap() -> None:
    sync = DepthSync()
    assert sync.follows(diff(1, 1)) is False
    sync.on_snapshot(snapshot(10))
    assert sync.follows(diff(9, 10)) is None
    assert sync.follows(diff(9, 11)) is True
    assert sync.follows(diff(11, 12)) is True
    assert sync.follows(diff(12, 13)) is False


def test_a_restart_ends_the_count_of_known_diffs() -> None:
    """The count stayed high: each buffered diff began the sync anew, and no snapshot was used."""
    sync = DepthSync()
    sync.on_snapshot(snapshot(100))
    for _ in range(KNOWN_DIFFS_MAX):
        sync.on_diff(diff(8, 10))
    assert sync.is_stuck
    sync.restart()
    assert sync.on_diff(diff(99, 101)) is None
    assert not sync.is_stuck, "buffered diffs wait for the snapshot that was requested"
