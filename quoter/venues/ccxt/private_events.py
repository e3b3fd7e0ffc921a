"""What ccxt tells of our orders and fills, as events under the names that we gave."""

from collections.abc import Callable
from dataclasses import replace

from quoter.domain.events import OrderOpen
from quoter.venues.ccxt.payloads import fill, order_news
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.config import NowNs
from quoter.venues.ports import Emit
from quoter.venues.profiles import VenueProfile

VENUE_IDS_MAX = 20_000


class PrivateEvents:
    """Reads rows of ccxt; remembers our id of an order, for trade lists name it by the venue's."""

    def __init__(
        self, *, dialect: VenueProfile, is_own: Callable[[str], bool], now_ns: NowNs
    ) -> None:
        self._dialect, self._is_own, self._now_ns = dialect, is_own, now_ns
        self._client_ids: dict[str, str] = {}  # by venue id
        self.unreadable = 0  # rows that could not be read

    def name(self, venue_id: str) -> str:
        """Our id of the venue's order; empty if it is not known."""
        return self._client_ids.get(venue_id, "")

    def remember(self, venue_id: str, client_id: str) -> None:
        """Both ids of an order; of our orders only."""
        if venue_id and self._is_own(client_id):
            self._client_ids[venue_id] = client_id
            if len(self._client_ids) > VENUE_IDS_MAX:
                del self._client_ids[next(iter(self._client_ids))]

    def trades(self, rows: list[JsonDict], emit: Emit) -> None:
        """Emit a Fill for each row."""
        for row in rows:
            news = fill(row, self._dialect, self._now_ns())
            if news is None:
                self.unreadable += 1
                continue
            emit(replace(news, client_id=news.client_id or self.name(news.venue_id)))

    def orders(self, rows: list[JsonDict], emit: Emit) -> None:
        """Emit OrderOpen or OrderDone for each row, of foreign orders too."""
        for row in rows:
            news = order_news(row, self._dialect, self._now_ns())
            if news is None:
                self.unreadable += 1
                continue
            if isinstance(news, OrderOpen):
                self.remember(news.order.venue_id, news.order.client_id)
            else:
                self.remember(news.venue_id, news.client_id)
            emit(news)
