"""Reading of a venue's list to its proven end; without that proof it fails.

An incomplete list must never look complete: an open order that it lacks would be taken as gone, and
a trade that it lacks would never be booked.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from quoter.domain.errors import VenueError
from quoter.venues.json_values import Json, as_map, is_whole_number, text
from quoter.venues.profiles import PageBy, Paging

PAGES_MAX = 200
READINGS_MAX = 4  # readings of a list whose pages shift meanwhile
START_OVERLAP_MS = 2_000  # some venues round the start to seconds, or exclude it
DAY_MS = 86_400_000

type Params = dict[str, str | bool | int]
type FetchPage = Callable[[Params], Awaitable[Sequence[Json]]]


async def read_list(
    fetch: FetchPage,
    paging: Paging,
    *,
    fixed: Mapping[str, str | bool | int] | None = None,
    until_id: str = "",
) -> list[Json]:
    """Return every row, or the rows down to the one with `until_id`. Raises VenueError.

    `fixed`: parameters of every page. If the end of an order moves rows to an earlier page, two
    readings in a row must agree.
    """
    before: set[str] | None = None
    for _ in range(READINGS_MAX):
        rows, pages = await _read_once(fetch, paging, dict(fixed or {}), until_id)
        if not paging.is_shifting or pages == 1 or rows.keys() == before:
            return list(rows.values())
        before = set(rows)
    raise VenueError(f"the venue's list changed during each of {READINGS_MAX} readings")


async def _read_once(
    fetch: FetchPage, paging: Paging, fixed: Params, until_id: str
) -> tuple[dict[str, Json], int]:
    found: dict[str, Json] = {}
    params, rows_read = fixed, 0
    for number in range(1, PAGES_MAX + 1):
        page = await fetch(params)
        rows = {text(row.get("id")): row for row in page}
        if "" in rows:
            raise VenueError("a row of the venue's list has no id")
        fresh = rows.keys() - found.keys()
        found |= rows
        rows_read += len(page)
        if len(page) < max(1, paging.full_page) or not paging.full_page or until_id in rows:
            return found, number
        if paging.by is PageBy.NOTHING:
            raise VenueError(
                f"the venue's list may be incomplete: it has {len(page)} rows, a full page, and "
                "quoter knows no way to request the next one"
            )
        if not fresh:
            raise VenueError(
                f"the venue's list may be incomplete: page {number} repeats rows that were read"
            )
        following = _next_page(paging, page, number=number, rows_read=rows_read)
        if following is None:
            return found, number
        params = fixed | following
    raise VenueError(f"the venue's list has more than {PAGES_MAX} pages")


def _next_page(
    paging: Paging, page: Sequence[Json], *, number: int, rows_read: int
) -> Params | None:
    """Return the parameters of the next page; None if the venue names no next page.

    Raises VenueError if a full page lacks what is needed to request the next one.
    """
    match paging.by:
        case PageBy.NUMBER:
            return {paging.param: number + 1}
        case PageBy.OFFSET:
            return {paging.param: rows_read}
        case PageBy.OLDER_THAN:
            ids = [text(as_map(row.get("info")).get(paging.field)) for row in page]
            if not all(is_whole_number(each) for each in ids):
                raise VenueError(
                    f"the next page of the venue's list can't be requested: a row has no number in "
                    f"its field {paging.field}"
                )
            return {paging.param: min(ids, key=int)}
        case _:
            found = [as_map(row.get("info")).get(paging.field) for row in page]
            cursors = [each for each in found if isinstance(each, str)]
            if not cursors:
                raise VenueError(
                    f"the next page of the venue's list can't be requested: no row has the field "
                    f"{paging.field}"
                )
            cursor = next((each for each in cursors if each), "")
            return {paging.param: cursor} if cursor else None


def time_windows(paging: Paging, since_ms: int | None, now_ms: int) -> Iterator[Params]:
    """Yield the parameters of every time window from `since_ms` to now, oldest first.

    Yields one window without limits if `since_ms` is None, or if the venue takes no start time.
    """
    if since_ms is None or not paging.start_param:
        yield {}
        return
    unit, step_ms = paging.time_unit_ms, paging.window_days * DAY_MS
    start_ms = max(0, since_ms - START_OVERLAP_MS)
    while step_ms and start_ms + step_ms < now_ms:
        end_ms = start_ms + step_ms
        yield {paging.start_param: start_ms // unit, paging.end_param: end_ms // unit}
        start_ms = end_ms - START_OVERLAP_MS
    yield {paging.start_param: start_ms // unit}
