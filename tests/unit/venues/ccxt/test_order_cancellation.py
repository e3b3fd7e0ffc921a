"""Cancels and queries of our own orders at each venue, through unmodified ccxt."""

from collections.abc import Callable, Mapping

import pytest

from quoter.domain.commands import CancelOrder, QueryOrder
from quoter.domain.errors import VenueError
from quoter.domain.events import CancelReject, OrderDone, OrderNotFound, OrderOpen
from quoter.domain.orders import KnownOrders
from quoter.domain.reasons import DoneReason
from quoter.domain.trading import CancelReason
from tests.unit.venues.paper_account import PaperAccount, gateway_of

OURS = "q00mabcdefg0000"
FOREIGN = "someone"

type Answer = Callable[[PaperAccount, str, str, str | None], object]


def refusing_cancels(answer: Answer) -> Answer:
    """Return an `answer` that resets the connection of every cancel."""

    def refuse(self: PaperAccount, method: str, url: str, body: str | None) -> object:
        if "cancel" in url.lower() or method == "DELETE":
            raise ConnectionResetError
        return answer(self, method, url, body)

    return refuse


@pytest.mark.parametrize("exchange", ["bybit", "okx", "gate", "kraken", "deribit"])
async def test_leftover_order_is_found_counted_and_cancelled(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V1, V2: kill, clean-up and sentinel said 0 left while our order was open."""
    account = PaperAccount(exchange)
    account.own(1)
    account.orders["77"] = FOREIGN
    async with gateway_of(account, monkeypatch) as gateway:
        assert await gateway.count_own_open() == 1
        assert await gateway.cancel_all() == 0
    assert account.orders == {"77": FOREIGN}


@pytest.mark.parametrize("exchange", ["bybit", "okx", "gate", "kraken"])
async def test_order_that_cannot_be_cancelled_is_reported_as_left(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = PaperAccount(exchange)
    account.own(1)
    monkeypatch.setattr(PaperAccount, "answer", refusing_cancels(PaperAccount.answer))
    async with gateway_of(account, monkeypatch) as gateway:
        assert await gateway.cancel_all() == 1
    assert len(account.orders) == 1


@pytest.mark.parametrize("exchange", ["bybit", "gate", "kraken"])
async def test_order_is_queried_by_our_id_and_absent_only_if_the_venue_says_so(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V3, V8: an order whose answer was lost is found by our id."""
    account = PaperAccount(exchange)
    account.own(30)
    async with gateway_of(account, monkeypatch) as gateway:
        found = await gateway.query(QueryOrder(client_id=OURS, venue_id=""))
        assert isinstance(found, OrderOpen), found
        assert (found.order.client_id, found.order.venue_id) == (OURS, "1000")
        if exchange != "gate":
            absent = await gateway.query(QueryOrder(client_id="q00mabcdefg9999", venue_id=""))
            assert isinstance(absent, OrderNotFound), absent


async def test_filter_by_our_id_that_the_venue_ignores_proves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = PaperAccount("bybit", ignores_ids=True)
    account.own(30)
    async with gateway_of(account, monkeypatch) as gateway:
        query = QueryOrder(client_id="q00mabcdefg9999", venue_id="")
        assert await gateway.query(query) is None


async def test_answer_about_another_order_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    account = PaperAccount("okx")
    answer = PaperAccount._okx

    def another(self: PaperAccount, method: str, path: str, query: Mapping[str, str]) -> object:
        return answer(self, method, path, {**query, "ordId": "55"})

    monkeypatch.setattr(PaperAccount, "_okx", another)
    async with gateway_of(account, monkeypatch) as gateway:
        assert await gateway.query(QueryOrder(client_id=OURS, venue_id="1000")) is None
        assert await gateway.query(QueryOrder(client_id=OURS, venue_id="")) is None


@pytest.mark.parametrize("exchange", ["bybit", "gate", "kraken"])
async def test_order_is_cancelled_by_our_id(exchange: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """V3: at Bybit the cancel had a name that the venue does not read."""
    account = PaperAccount(exchange)
    account.own(2)
    async with gateway_of(account, monkeypatch) as gateway:
        cancel = CancelOrder(client_id=OURS, venue_id="", reason=CancelReason.STATE)
        done = await gateway.cancel(cancel)
    assert list(account.orders) == ["1001"]
    if exchange == "gate":  # the others only accept it; the end is queried
        assert isinstance(done, OrderDone), done
        assert (done.client_id, done.reason) == (OURS, DoneReason.CANCELED)


async def test_venue_that_cancels_by_its_own_ids_only_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = PaperAccount("deribit")
    account.own(1)
    async with gateway_of(account, monkeypatch) as gateway:
        cancel = CancelOrder(client_id=OURS, venue_id="", reason=CancelReason.STATE)
        rejected = await gateway.cancel(cancel)
        assert isinstance(rejected, CancelReject)
        assert "only by its own ids" in rejected.text
        assert await gateway.query(QueryOrder(client_id=OURS, venue_id="")) is None
    assert account.seen == []


@pytest.mark.parametrize("exchange", ["bybit", "okx", "gate"])
async def test_known_orders_are_cancelled_by_the_venue_id_when_no_list_can_be_had(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list repeats its first page, so its end is not proven."""
    account = PaperAccount(exchange, repeats_pages=True)
    account.own(120)
    async with gateway_of(account, monkeypatch) as gateway:
        events = gateway._private_events
        for venue_id, client_id in list(account.orders.items())[:3]:
            events.opened(venue_id, client_id)
        with pytest.raises(VenueError, match="whose venue id is known"):
            await gateway.cancel_all()
    assert len(account.orders) == 117


async def test_order_is_ours_by_the_venue_id_without_any_client_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = PaperAccount("okx")
    account.orders["1000"] = ""
    async with gateway_of(account, monkeypatch) as gateway:
        assert await gateway.count_own_open() == 0
        gateway._private_events.opened("1000", OURS)
        assert await gateway.count_own_open() == 1
        assert await gateway.cancel_all() == 0
    assert account.orders == {}


@pytest.mark.parametrize("exchange", ["bybit", "okx", "gate", "kraken", "deribit"])
async def test_order_of_an_earlier_process_is_ours_by_the_venue_id(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list lacks our id; the ledger of the process that placed the order has it."""
    account = PaperAccount(exchange)
    account.orders |= {"1000": "", "1001": ""}
    async with gateway_of(account, monkeypatch) as gateway:
        assert await gateway.count_own_open() == 0
        gateway.adopt_orders(KnownOrders({"1000": OURS, "999": "q00mabcdefg0009"}))
        assert await gateway.count_own_open() == 1
        assert await gateway.cancel_all() == 0
    assert account.orders == {"1001": ""}


async def test_known_order_counts_whatever_its_prefix_and_is_left_if_it_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The instance was renamed since: its former orders are still ours."""
    account = PaperAccount("gate")
    account.orders["1000"] = "q99mabcdefg0000"
    monkeypatch.setattr(PaperAccount, "answer", refusing_cancels(PaperAccount.answer))
    async with gateway_of(account, monkeypatch) as gateway:
        gateway.adopt_orders(KnownOrders({"1000": "q99mabcdefg0000"}))
        assert await gateway.cancel_all() == 1


@pytest.mark.parametrize("is_refused", [False, True])
async def test_order_without_a_known_venue_id_is_cancelled_by_our_id(
    monkeypatch: pytest.MonkeyPatch, *, is_refused: bool
) -> None:
    """It was in flight when its process crashed, and the list lacks our id."""
    account = PaperAccount("gate", hides_ids=True)
    account.own(1)
    if is_refused:
        monkeypatch.setattr(PaperAccount, "answer", refusing_cancels(PaperAccount.answer))
    async with gateway_of(account, monkeypatch) as gateway:
        gateway.adopt_orders(KnownOrders({}, (OURS,)))
        assert await gateway.count_own_open() == 0
        assert await gateway.cancel_all() == (1 if is_refused else 0)
    assert len(account.orders) == (1 if is_refused else 0)
