"""Trial requests at connect: ccxt builds create, cancel and query for this market; none is sent.

They are compared with the venue's profile. So a venue, market or version of ccxt whose orders could
not be found again is refused at the start, and not only by a kill at the first order.
"""

from collections.abc import Awaitable, Callable
from decimal import ROUND_CEILING
from functools import partial

from quoter.domain.commands import OrderIntent, TimeInForce
from quoter.domain.errors import EgressBlocked, VenueUnfit
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.order_cancellation import order_request
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import Purpose, declare_call
from quoter.venues.egress.request_verification import create_check, leaves_of
from quoter.venues.profiles import ById, VenueProfile

VENUE_ID = "123456789"
PRICE_TICKS = 12_345
FORMS = tuple((side, time_in_force) for side in Side for time_in_force in TimeInForce)

type Ask = Callable[[], Awaitable[object]]


class TrialRequests:
    """Builds create, cancel and query of one order, and checks each."""

    def __init__(
        self,
        *,
        client: GuardedExchange,
        config: VenueConfig,
        profile: VenueProfile,
        instrument: Instrument,
    ) -> None:
        self._client, self._config, self._profile = client, config, profile
        self._instrument = instrument
        self._client_id = f"{config.order_prefix}trial00001"

    async def check(self) -> None:
        """Raise VenueUnfit for the first request that is not as the profile says."""
        for side, time_in_force in FORMS:
            await self._check_create(self._intent(side, time_in_force))
        ids = self._profile.ids
        cancel, query = (ids.cancel, ids.query) if ids else (None, None)
        for name, by in (("cancel", cancel), ("query", query)):
            if by is None:
                raise self._unfit(f"the venue, or ccxt, has no {name} by our order id")
            await self._check_by_id(name, by, client_id=self._client_id, venue_id="")
            if not by.lists:
                await self._check_by_id(name, by, client_id="", venue_id=VENUE_ID)

    def _intent(self, side: Side, time_in_force: TimeInForce) -> OrderIntent:
        market = self._instrument
        price = market.tick * PRICE_TICKS
        least = max(market.size_min, market.lot, market.notional_min / price)
        lots = (least / market.lot).to_integral_value(rounding=ROUND_CEILING)
        return OrderIntent(
            client_id=self._client_id,
            side=side,
            price=price,
            size=lots * market.lot,
            book_seq=0,
            time_in_force=time_in_force,
        )

    async def _check_create(self, order: OrderIntent) -> None:
        parameters = self._profile.parameters(order, self._config)
        name = f"create ({order.side.value}, {order.time_in_force.value})"
        url, body = await self._request(
            name,
            lambda: self._client.create_order(
                self._config.symbol,
                "limit",
                order.side.value.lower(),
                f"{order.size:f}",
                f"{order.price:f}",
                parameters,
            ),
        )
        check = create_check(self._profile, self._instrument.venue_symbol)
        if text := check.difference(order, url, body):
            raise self._unfit(f"{name}: {text}")

    async def _check_by_id(self, name: str, by: ById, *, client_id: str, venue_id: str) -> None:
        ids, symbol = self._profile.ids, self._config.symbol
        request = order_request(ids, by, client_id=client_id, venue_id=venue_id)
        if ids is None or request is None:
            raise self._unfit(f"the venue, or ccxt, has no {name} by our order id")
        asked, params = request
        if by.lists and name == "query":
            calls: list[Ask] = [
                partial(getattr(self._client, each), symbol, None, None, params)
                for each in by.lists
            ]
        else:
            call = self._client.cancel_order if name == "cancel" else self._client.fetch_order
            calls = [partial(call, asked, symbol, params)]
        for each in calls:
            url, body = await self._request(name, each)
            values = list(leaves_of(url, body))
            wanted = venue_id or ids.written(client_id)
            found = [field for field, value in values if value == wanted]
            is_named = found == [by.field] if client_id else len(found) == 1
            if not is_named or any(value in ("None", "null") for _, value in values):
                raise self._unfit(
                    f"{name}: the request does not name the order {wanted!r} exactly once"
                )

    async def _request(self, name: str, ask: Ask) -> tuple[str, str]:
        """Return URL and body of the one request that ccxt builds for a call. Raises VenueUnfit."""
        with declare_call(Purpose.CREATE, self._client_id) as call:
            call.captured = []
            try:
                await ask()
            except EgressBlocked:
                pass
            except Exception as error:  # noqa: BLE001 - any error of ccxt means: not buildable
                raise self._unfit(f"{name}: ccxt can't build it: {type(error).__name__}") from None
        if len(call.captured) != 1:
            raise self._unfit(f"{name}: ccxt builds {len(call.captured)} requests, not one")
        return call.captured[0]

    def _unfit(self, text: str) -> VenueUnfit:
        return VenueUnfit(f"{self._config.exchange} {self._config.symbol} can't be quoted: {text}")


def needs_trial(config: VenueConfig) -> bool:
    """Whether this process will create orders, and has the key that ccxt needs to build them."""
    return bool(config.api_key) and config.places_orders
