"""Every fault has its documented effect, as often as requested, and leaves balances exact."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from copy import replace
from decimal import Decimal

import aiohttp
import msgspec
import pytest

from quoter.sandbox.streams.market_streams import corrupted
from quoter.sim.messages import DepthNews
from tests.integration.sandbox_client import (
    ANSWER_S,
    Row,
    RunningSandbox,
    UserSocket,
    eventually,
    user_socket,
)

MAKER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.001"}


async def place(sandbox: RunningSandbox, client_id: str, price: str = "59990.00") -> int:
    """Place an order; return the HTTP status, 0 if the connection broke."""
    try:
        reply = await sandbox.rest_order("BUY", price, "0.001", newClientOrderId=client_id)
    except aiohttp.ClientError:
        return 0
    return reply.status


async def open_ids(sandbox: RunningSandbox) -> set[str]:
    rows = (await sandbox.signed("GET", "openOrders", symbol="BTCUSDT")).rows
    return {str(row["clientOrderId"]) for row in rows}


async def wire_log(sandbox: RunningSandbox) -> list[Row]:
    return (await sandbox.admin("GET", "wire-log?since=0")).rows


async def test_an_accepted_order_may_go_unanswered(still_sandbox: RunningSandbox) -> None:
    fault = await still_sandbox.arm("accept_drop_response", endpoint="create", count=1)
    assert [await place(still_sandbox, "lost"), await place(still_sandbox, "answered")] == [0, 200]
    assert await open_ids(still_sandbox) == {"lost", "answered"}
    assert await still_sandbox.fired(fault) == 1
    lost, answered = await wire_log(still_sandbox)
    assert (lost["outcome"], lost["faults"]) == ("accepted", ["accept_drop_response"])
    assert (answered["outcome"], answered["faults"]) == ("accepted", [])


async def test_a_reset_request_has_no_effect(still_sandbox: RunningSandbox) -> None:
    await still_sandbox.arm("reset_before", endpoint="create", count=1)
    assert await place(still_sandbox, "never") == 0
    assert await open_ids(still_sandbox) == set()
    (entry,) = await wire_log(still_sandbox)
    assert entry["outcome"] == "pending"


@pytest.mark.parametrize(
    ("kind", "survivors"), [("error_before", set()), ("error_after_accept", {"dim"})]
)
async def test_after_a_server_error_the_order_may_or_may_not_exist(
    still_sandbox: RunningSandbox, kind: str, survivors: set[str]
) -> None:
    await still_sandbox.arm(kind, endpoint="create", count=1, status=504, code=-1007)
    reply = await still_sandbox.rest_order("BUY", "59990.00", "0.001", newClientOrderId="dim")
    assert (reply.status, reply.code) == (504, -1007)
    assert "execution status unknown" in str(reply.row["msg"])
    assert await open_ids(still_sandbox) == survivors


async def test_an_answer_may_be_no_json_although_the_order_is_open(
    still_sandbox: RunningSandbox,
) -> None:
    await still_sandbox.arm("garbled", endpoint="create", count=1, text="<html>")
    with pytest.raises(msgspec.DecodeError):
        await still_sandbox.rest_order("BUY", "59990.00", "0.001", newClientOrderId="dim")
    assert await open_ids(still_sandbox) == {"dim"}


async def test_an_answer_can_arrive_byte_by_byte(still_sandbox: RunningSandbox) -> None:
    """A stalled client gives up in the middle; the answer is whole for one that waits."""
    await still_sandbox.arm("body_slow", endpoint="market", delay_s=0.001, count=1)
    assert isinstance((await still_sandbox.get("time")).row["serverTime"], int)
    await still_sandbox.arm("body_slow", endpoint="market", delay_s=60.0)
    async with still_sandbox.http.get(f"{still_sandbox.url}/api/v3/time") as answer:
        assert answer.status == 200
        assert await answer.content.readexactly(1) == b"{"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await answer.content.readexactly(1)


async def test_an_answer_can_be_of_any_size(still_sandbox: RunningSandbox) -> None:
    await still_sandbox.arm("body_huge", endpoint="market", size_mb=3)
    async with still_sandbox.http.get(f"{still_sandbox.url}/api/v3/time") as answer:
        text = await answer.read()
    assert len(text) > 3 * 2**20
    assert set(msgspec.json.decode(text)) == {"serverTime"}


async def test_a_list_can_be_old_half_or_foreign(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    for number in range(3):
        await place(sandbox, f"n{number}", f"5998{number}.00")
    await sandbox.rest_order("BUY", "59990.00", "0.001", account=sandbox.two, newClientOrderId="x")
    for kind, listed in (("list_half", {"n0"}), ("list_foreign", {"x"})):
        await sandbox.arm(kind, endpoint="open_orders", count=1)
        assert await open_ids(sandbox) == listed
    await sandbox.arm("list_old", endpoint="open_orders", count=2)
    assert await open_ids(sandbox) == {"n0", "n1", "n2"}
    await sandbox.signed("DELETE", "openOrders", symbol="BTCUSDT")
    assert await open_ids(sandbox) == {"n0", "n1", "n2"}
    assert await open_ids(sandbox) == set()


async def test_a_field_can_have_any_value(still_sandbox: RunningSandbox) -> None:
    await still_sandbox.arm("field_value", endpoint="account", text="free", value="NaN")
    rows = (await still_sandbox.signed("GET", "account")).row["balances"]
    assert isinstance(rows, list)
    assert {row["free"] for row in rows if isinstance(row, dict)} == {"NaN"}


@pytest.mark.parametrize("path", ["ws/btcusdt@trade", "ws-api/v3"])
async def test_new_sockets_can_be_refused(still_sandbox: RunningSandbox, path: str) -> None:
    await still_sandbox.arm("refuse_socket", count=1, text="<html>")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await still_sandbox.http.ws_connect(f"{still_sandbox.ws_url}/{path}")
    async with still_sandbox.http.ws_connect(f"{still_sandbox.ws_url}/{path}"):
        pass


async def test_the_exchange_can_be_reset_while_it_runs(sandbox: RunningSandbox) -> None:
    """As a testnet's: orders, trades and ids are gone, balances are those of the start."""
    taker = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    assert (await sandbox.signed("POST", "order", taker)).status == 200
    await place(sandbox, "gone", "50000.00")
    first = (await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).rows
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws/btcusdt@depth@100ms") as socket:
        assert (await sandbox.admin("POST", "reset")).status == 200
        while (await socket.receive(timeout=ANSWER_S)).type is aiohttp.WSMsgType.TEXT:
            pass
    assert await open_ids(sandbox) == set()
    assert (await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).body == []
    held = await truth(sandbox)
    assert held["totals"] == held["opening"]
    assert (await sandbox.signed("POST", "order", taker)).status == 200
    again = (await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).rows
    assert len(first) == len(again) == 1
    assert await frames(sandbox, "btcusdt@depth@100ms")


async def test_a_late_request_is_checked_against_its_window_again(
    still_sandbox: RunningSandbox,
) -> None:
    """A small recvWindow limits how late an unknown create can be executed."""
    await still_sandbox.arm("delay", endpoint="create", count=2, delay_s=0.15)
    params = MAKER | {"price": "59990.00", "newClientOrderId": "slow"}
    late = await still_sandbox.signed("POST", "order", params, recvWindow=50)
    assert late.code == -1021
    assert (await still_sandbox.signed("POST", "order", params, recvWindow=5000)).status == 200


async def test_an_answer_can_be_late_while_the_order_is_open(still_sandbox: RunningSandbox) -> None:
    await still_sandbox.arm("delay", endpoint="create", count=1, delay_after_s=0.3)
    slow = asyncio.create_task(place(still_sandbox, "slow"))

    async def is_open() -> bool:
        return "slow" in await open_ids(still_sandbox)

    assert await eventually(is_open)
    assert not slow.done()
    assert await slow == 200


async def test_a_live_order_can_be_missing_from_queries(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    await sandbox.arm("order_not_found", lag_s=0.3)
    await place(sandbox, "shy")
    ask = {"symbol": "BTCUSDT", "origClientOrderId": "shy"}
    assert (await sandbox.signed("GET", "order", ask)).code == -2013
    assert await open_ids(sandbox) == {"shy"}

    async def is_found() -> bool:
        return (await sandbox.signed("GET", "order", ask)).status == 200

    assert await eventually(is_found)


async def test_trades_can_be_listed_late(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    fault = await sandbox.arm("trades_lag", lag_s=600)
    taker = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    await sandbox.signed("POST", "order", taker)
    assert (await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).body == []
    cleared = await sandbox.admin("DELETE", f"faults?id={fault}")
    assert cleared.body == {"cleared": 1}
    assert len((await sandbox.signed("GET", "myTrades", symbol="BTCUSDT")).rows) == 1


@pytest.mark.parametrize(("kind", "status"), [("rate_limit_429", 429), ("ban_418", 418)])
async def test_venue_can_demand_a_pause(
    still_sandbox: RunningSandbox, kind: str, status: int
) -> None:
    await still_sandbox.arm(kind, count=1, retry_after_s=3)
    reply = await still_sandbox.get("ping")
    assert (reply.status, reply.code) == (status, -1003)
    assert reply.headers["Retry-After"] == "3"
    assert (await still_sandbox.get("ping")).status == 200


async def test_faults_match_endpoint_symbol_key_and_order_of_arrival(
    still_sandbox: RunningSandbox,
) -> None:
    sandbox = still_sandbox
    await sandbox.arm("error_before", endpoint="cancel")
    await sandbox.arm("error_before", endpoint="create", symbol="XRPUSDT")
    await sandbox.arm("error_before", endpoint="create", api_key=sandbox.two.api_key)
    assert await place(sandbox, "untouched") == 200
    await sandbox.admin("DELETE", "faults")
    fault = await sandbox.arm("error_before", endpoint="create", skip=1, count=1)
    statuses = [await place(sandbox, f"n{number}", f"5998{number}.00") for number in range(3)]
    assert statuses == [200, 503, 200]
    assert await sandbox.fired(fault) == 1


async def test_a_fault_over_the_websocket_api_ends_the_socket(
    still_sandbox: RunningSandbox,
) -> None:
    await still_sandbox.arm("accept_drop_response", endpoint="create", count=1)
    async with user_socket(still_sandbox, subscribe=False) as user:
        with pytest.raises(aiohttp.WSMessageTypeError):
            await user.ask("order.place", MAKER | {"price": "59990.00", "newClientOrderId": "w"})
    assert await open_ids(still_sandbox) == {"w"}


@asynccontextmanager
async def watcher(sandbox: RunningSandbox) -> AsyncIterator[UserSocket]:
    async with user_socket(sandbox) as user:
        yield user


async def test_private_events_can_be_dropped_or_doubled(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    await sandbox.arm("user_event_drop", event="executionReport", count=1)
    await sandbox.arm("user_event_duplicate", event="CANCELED", count=1)
    async with watcher(sandbox) as user:
        await place(sandbox, "quiet")
        ask = {"symbol": "BTCUSDT", "origClientOrderId": "quiet"}
        await sandbox.signed("DELETE", "order", ask)
        events = [await user.event() for _ in range(4)]
    kinds = [event.get("x", event["e"]) for event in events]
    assert kinds == ["outboundAccountPosition", "CANCELED", "CANCELED", "outboundAccountPosition"]
    assert events[1] == events[2]


async def test_private_events_can_be_late_and_overtaken(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    await sandbox.arm("user_event_delay", event="NEW", count=1, delay_s=0.2)
    async with watcher(sandbox) as user:
        await place(sandbox, "late")
        await sandbox.signed("DELETE", "order", symbol="BTCUSDT", origClientOrderId="late")
        events = [await user.event() for _ in range(4)]
    kinds = [event.get("x", event["e"]) for event in events]
    assert kinds[-1] == "NEW"
    assert "CANCELED" in kinds


async def test_a_diff_can_be_missing(sandbox: RunningSandbox) -> None:
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws/btcusdt@depth@100ms") as socket:
        last = (await socket.receive_json(timeout=ANSWER_S))["u"]
        fault = await sandbox.arm("depth_gap", symbol="BTCUSDT", count=1)
        gaps = 0
        while not (gaps and await sandbox.fired(fault)):
            diff = await socket.receive_json(timeout=ANSWER_S)
            gaps += diff["U"] > last + 1
            last = diff["u"]
        assert (await socket.receive_json(timeout=ANSWER_S))["U"] == last + 1
    assert gaps == 1


async def test_a_diff_can_be_wrong_while_its_numbers_are_right(sandbox: RunningSandbox) -> None:
    url = f"{sandbox.ws_url}/ws/btcusdt@depth@100ms"
    async with sandbox.http.ws_connect(url) as socket:
        fault = await sandbox.arm("depth_corrupt", symbol="BTCUSDT", count=1, skip=2)
        last, prices = None, set[Decimal]()
        while not await sandbox.fired(fault) or last is None:
            diff = await socket.receive_json(timeout=ANSWER_S)
            assert last is None or diff["U"] <= last + 1
            last = diff["u"]
        diff = await socket.receive_json(timeout=ANSWER_S)
        assert diff["U"] == last + 1
        prices = {Decimal(price) for price, _ in diff["b"] + diff["a"]}
    assert prices, "the market goes on"


def test_the_row_nearest_the_touch_is_the_wrong_one() -> None:
    tick, one = Decimal("0.1"), Decimal(1)
    news = DepthNews(
        ts_ns=1,
        symbol="X",
        first=1,
        last=2,
        bids=((Decimal("9.8"), one), (Decimal("9.9"), one)),
        asks=((Decimal("10.1"), one),),
    )
    wrong = corrupted(news, tick)
    assert wrong.bids == ((Decimal("9.8"), one), (Decimal("9.8"), one))
    assert (wrong.asks, wrong.first, wrong.last) == (news.asks, 1, 2)
    assert corrupted(replace(news, bids=()), tick).asks == ((Decimal("10.2"), one),)


async def frames(sandbox: RunningSandbox, stream: str, count: int = 3) -> list[str]:
    """Texts of the first frames of a market stream, and of those that follow within 0.6 s."""
    found: list[str] = []
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws/{stream}") as socket:
        while len(found) < count:
            found.append((await socket.receive(timeout=ANSWER_S)).data)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.6):
                while True:
                    found.append((await socket.receive()).data)
        await socket.ping()
        assert not socket.closed
    return found


@pytest.mark.parametrize(
    ("kind", "silent", "alive"),
    [
        ("depth", "btcusdt@depth@100ms", "btcusdt@bookTicker"),
        ("bookTicker", "btcusdt@bookTicker", "btcusdt@depth@100ms"),
    ],
)
async def test_dropped_market_frames_leave_the_socket_and_other_streams_alive(
    sandbox: RunningSandbox, kind: str, silent: str, alive: str
) -> None:
    await sandbox.arm("market_frames_drop", event=kind)
    assert await frames(sandbox, silent, count=0) == []
    assert await frames(sandbox, alive)


async def test_unreadable_market_frames_carry_the_text_of_the_fault(
    sandbox: RunningSandbox,
) -> None:
    await sandbox.arm("market_frames_unreadable", event="depth", text="<html>")
    assert set(await frames(sandbox, "btcusdt@depth@100ms")) == {"<html>"}


async def test_update_ids_of_the_depth_can_be_shifted(sandbox: RunningSandbox) -> None:
    """Of the diffs (back in time) and of the REST snapshot (ahead of the stream)."""
    last = (await sandbox.get("depth", symbol="BTCUSDT")).row["lastUpdateId"]
    assert isinstance(last, int)
    await sandbox.arm("depth_ids_shifted", shift=-last)
    await sandbox.arm("snapshot_ids_shifted", shift=10**9)
    ahead = (await sandbox.get("depth", symbol="BTCUSDT")).row["lastUpdateId"]
    assert isinstance(ahead, int)
    assert ahead >= last + 10**9
    diffs = [msgspec.json.decode(text) for text in await frames(sandbox, "btcusdt@depth@100ms")]
    assert diffs
    assert all(diff["u"] < last for diff in diffs)


async def test_a_book_can_lose_one_side_everywhere(sandbox: RunningSandbox) -> None:
    await sandbox.arm("one_sided_book", event="asks")
    book = (await sandbox.get("depth", symbol="BTCUSDT")).row
    assert (bool(book["bids"]), book["asks"]) == (True, [])
    diffs = [msgspec.json.decode(text) for text in await frames(sandbox, "btcusdt@depth@100ms")]
    assert diffs
    assert all(diff["a"] == [] for diff in diffs)
    best = [msgspec.json.decode(text) for text in await frames(sandbox, "btcusdt@bookTicker")]
    assert best
    assert all(float(ticker["a"]) == 0 < float(ticker["b"]) for ticker in best)
    await sandbox.admin("DELETE", "faults")
    await sandbox.arm("one_sided_book")
    book = (await sandbox.get("depth", symbol="BTCUSDT")).row
    assert (book["bids"], book["asks"]) == ([], [])


async def test_a_socket_can_fall_silent_while_it_stays_open(sandbox: RunningSandbox) -> None:
    """There is no pong either; a new connection works, and so does the old one after the fault."""
    url = f"{sandbox.ws_url}/ws/btcusdt@bookTicker"
    async with sandbox.http.ws_connect(url) as silent:
        await silent.receive(timeout=ANSWER_S)
        fault = await sandbox.arm("silent_socket", socket="market", count=1)
        assert await sandbox.fired(fault) == 1
        await silent.ping()
        async with sandbox.http.ws_connect(url) as served:
            await served.receive(timeout=ANSWER_S)
            await drained(silent)
            await served.receive(timeout=ANSWER_S)
        assert not silent.closed
        await sandbox.admin("DELETE", "faults")
        assert (await silent.receive(timeout=ANSWER_S)).type is aiohttp.WSMsgType.TEXT


async def drained(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Read until nothing arrives for a quarter of a second."""
    with suppress(TimeoutError):
        while True:
            await socket.receive(timeout=0.25)


async def test_sockets_can_be_closed_by_kind(sandbox: RunningSandbox) -> None:
    async with (
        sandbox.http.ws_connect(f"{sandbox.ws_url}/ws") as market,
        user_socket(sandbox, subscribe=False) as user,
    ):
        await sandbox.arm("close_socket", socket="user")
        assert (await user.socket.receive(timeout=ANSWER_S)).type is aiohttp.WSMsgType.CLOSE
        closing = asyncio.create_task(sandbox.admin("POST", "streams/close", {}))
        assert (await market.receive(timeout=ANSWER_S)).type is aiohttp.WSMsgType.CLOSE
        assert (await closing).body == {"closed": 1}


async def test_a_retail_burst_buys_through_a_resting_ask(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    await sandbox.rest_order("SELL", "60002.00", "0.001", newClientOrderId="ask")
    burst = {"symbol": "BTCUSDT", "kind": "burst", "side": "BUY", "notional": "1000"}
    started_ns = time.time_ns()
    assert (await sandbox.admin("POST", "script", burst)).status == 200

    async def trades() -> object:
        return (await truth(sandbox))["trades"]

    rows = await eventually(trades)
    assert isinstance(rows, list)
    assert [row["clientOrderId"] for row in rows] == ["ask"]
    assert rows[0]["time"] >= started_ns // 1_000_000
    totals = (await truth(sandbox))["totals"]
    assert isinstance(totals, dict)
    assert totals["BTC"] == "1.999"


async def test_a_halted_symbol_takes_no_orders_and_lets_them_be_cancelled(
    still_sandbox: RunningSandbox,
) -> None:
    sandbox = still_sandbox
    await place(sandbox, "before")
    await sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": True})
    refused = await sandbox.rest_order("BUY", "59990.00", "0.001")
    assert (refused.code, refused.row["msg"]) == (-1013, "Market is closed.")
    ask = {"symbol": "BTCUSDT", "origClientOrderId": "before"}
    assert (await sandbox.signed("DELETE", "order", ask)).status == 200
    info = (await sandbox.get("exchangeInfo", symbol="BTCUSDT")).row
    assert isinstance(info["symbols"], list)
    assert isinstance(info["symbols"][0], dict)
    assert info["symbols"][0]["status"] == "BREAK"
    await sandbox.admin("POST", "halt", {"symbol": "BTCUSDT", "halted": False})
    assert await place(sandbox, "after") == 200


async def test_the_wire_log_is_read_on_from_where_one_was(still_sandbox: RunningSandbox) -> None:
    for name in ("a", "b", "c"):
        await place(still_sandbox, name)
    rows = (await still_sandbox.admin("GET", "wire-log?since=1")).rows
    assert [(row["seq"], row["client_id"]) for row in rows] == [(2, "b"), (3, "c")]
    assert (await still_sandbox.admin("GET", "wire-log?since=3")).body == []


async def truth(sandbox: RunningSandbox) -> Row:
    return (await sandbox.admin("GET", f"truth?api_key={sandbox.one.api_key}")).row


async def test_admin_mistakes_are_explained(still_sandbox: RunningSandbox) -> None:
    sandbox = still_sandbox
    for path, body in (
        ("faults", {"kind": "earthquake"}),
        ("faults", {"kind": "delay", "delay": 3}),
        ("script", {"symbol": "NOPE", "kind": "burst"}),
        ("script", {"symbol": "BTCUSDT", "kind": "party"}),
    ):
        reply = await sandbox.admin("POST", path, body)
        assert (reply.status, set(reply.row)) == (400, {"error"})
    assert (await sandbox.admin("GET", "truth?api_key=nobody")).status == 400
