"""A recorded day replayed through the sandbox's sockets, complete and unchanged."""

import gzip
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from math import inf
from pathlib import Path

import aiohttp
import msgspec
import pytest

from quoter.sandbox.config import Capture, default_config
from tests.integration.sandbox_client import RunningSandbox, running

DATA = Path(__file__).parents[3] / "shared" / "data" / "binance_raw"
BITCOIN_DAY = DATA / "spot_BTCUSDT_20240808.gz"
LINES = 20_000
SHARED_MIN = 100  # ids that both streams carry: fewer would prove little

type Book = dict[Decimal, Decimal]


def recorded(path: Path, into: Path) -> dict[int, tuple[str, ...]]:
    """Copy the first LINES lines into `into`; the bookTicker prices and sizes in them, by id."""
    best: dict[int, tuple[str, ...]] = {}
    with gzip.open(path, "rb") as source, into.open("wb") as part:
        for line in islice(source, LINES):
            part.write(line)
            if b"@bookTicker" in line:
                data = msgspec.json.decode(line.partition(b" ")[2])["data"]
                best[data["u"]] = (data["b"], data["B"], data["a"], data["A"])
    return best


class Snapshot(msgspec.Struct):
    """A depth answer."""

    last: int = msgspec.field(name="lastUpdateId")
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class Diff(msgspec.Struct):
    """A depthUpdate."""

    U: int
    u: int
    b: list[tuple[Decimal, Decimal]]
    a: list[tuple[Decimal, Decimal]]


class Frame(msgspec.Struct):
    """A combined-stream message."""

    stream: str
    data: msgspec.Raw


class Reader:
    """A book maintained as Binance's documentation says, and its best prices."""

    def __init__(self) -> None:
        self.bids: Book = {}
        self.asks: Book = {}
        self.last = 0
        self.gaps = 0
        self.best_at: dict[int, tuple[str, ...]] = {}
        self.tickers: dict[int, tuple[str, ...]] = {}

    def start(self, snapshot: Snapshot) -> None:
        self.bids, self.asks = dict(snapshot.bids), dict(snapshot.asks)
        self.last = snapshot.last

    def diff(self, event: Diff) -> None:
        if event.u <= self.last:
            return
        self.gaps += self.last + 1 < event.U
        for side, levels in ((self.bids, event.b), (self.asks, event.a)):
            for price, size in levels:
                side[price] = size
                if not size:
                    del side[price]
        self.last = event.u
        bid, ask = max(self.bids), min(self.asks)
        assert bid < ask
        sizes = (bid, self.bids[bid], ask, self.asks[ask])
        self.best_at[event.u] = tuple(f"{value:.8f}" for value in sizes)


async def follow(sandbox: RunningSandbox, last_id: int) -> Reader:
    """Read the whole replay through a real websocket."""
    reader = Reader()
    url = f"{sandbox.ws_url}/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        snapshot = await sandbox.get("depth", symbol="BTCUSDT", limit=5_000)
        reader.start(msgspec.convert(snapshot.body, Snapshot))
        while reader.last < last_id:
            frame = msgspec.json.decode(await socket.receive_str(timeout=10), type=Frame)
            if frame.stream.endswith("bookTicker"):
                ticker = msgspec.json.decode(frame.data, type=dict[str, int | str])
                number = ticker["u"]
                assert isinstance(number, int)
                reader.tickers[number] = tuple(str(ticker[name]) for name in "bBaA")
            else:
                reader.diff(msgspec.json.decode(frame.data, type=Diff))
    return reader


SMALL = (
    b'1700000000000000000 {"stream":"btcusdt@depth@100ms","data":{"U":9,"u":11,'
    b'"b":[["99.00","5.000000"]],"a":[]}}\n'
    b'1700000000000000001 {"lastUpdateId": 10, "bids": [["99.00", "7.000001"]], '
    b'"asks": [["101.00", "7"]]}\n'
    b'1700000000000000002 {"stream":"btcusdt@bookTicker","data":{"u":12,"b":"99.00",'
    b'"B":"5.000000","a":"101.00","A":"7"}}\n'
    b'1700000000000000003 {"stream":"btcusdt@trade","data":{"t":77,"p":"101.00","q":"0.04",'
    b'"m":false}}\n'
    b'1700000000000000004 {"stream":"btcusdt@depth@100ms","data":{"U":12,"u":15,'
    b'"b":[],"a":[["101.00","6.96"]]}}\n'
)


async def test_own_orders_are_filled_by_recorded_trades(tmp_path: Path) -> None:
    """A recorded trade at 101 for 0.04 fills our ask at 100, and the book shows the rest."""
    part = tmp_path / "small"
    part.write_bytes(SMALL)
    capture = Capture(symbol="BTCUSDT", files=(part,), speed=inf, waits_for_reader=True)
    async with running(replace(default_config(1), captures=(capture,))) as sandbox:
        placed = await sandbox.rest_order("SELL", "100.00", "0.1", newClientOrderId="ours")
        assert placed.status == 200, placed.body
        assert (await sandbox.rest_order("BUY", "98.00", "0.0000015")).code == -1013  # off the lot
        reader = await follow(sandbox, last_id=15)
        truth = (await sandbox.admin("GET", f"truth?api_key={sandbox.one.api_key}")).row
    assert reader.gaps == 0
    assert (min(reader.asks), reader.asks[min(reader.asks)]) == (Decimal(100), Decimal("0.06"))
    assert reader.bids == {Decimal(99): Decimal(5)}
    (trade,) = truth["trades"] if isinstance(truth["trades"], list) else []
    assert isinstance(trade, dict)
    assert (trade["price"], trade["qty"]) == ("100.00000000", "0.04000000")


@pytest.mark.skipif(not BITCOIN_DAY.exists(), reason="the recorded data is not on this machine")
async def test_a_replayed_book_never_desyncs_and_has_the_recorded_best_prices(
    tmp_path: Path,
) -> None:
    """By Binance's U/u rule, over the wire, at full speed, with nobody else in the book."""
    part = tmp_path / "part"
    recorded_best = recorded(BITCOIN_DAY, part)
    capture = Capture(symbol="BTCUSDT", files=(part,), speed=inf, waits_for_reader=True)
    config = replace(default_config(1), captures=(capture,))
    async with running(config) as sandbox:
        reader = await follow(sandbox, last_id=max(recorded_depth_ids(part)))
    assert reader.gaps == 0
    shared = reader.best_at.keys() & recorded_best.keys()
    assert len(shared) >= SHARED_MIN
    assert {number: reader.best_at[number] for number in shared} == {
        number: recorded_best[number] for number in shared
    }
    assert reader.tickers.items() <= recorded_best.items()


def recorded_depth_ids(path: Path) -> list[int]:
    """The last id of every depth diff in a file."""
    with path.open("rb") as lines:
        return [
            msgspec.json.decode(line.partition(b" ")[2])["data"]["u"]
            for line in lines
            if b"@depth" in line
        ]
