"""The pages over a real loopback socket."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from quoter.domain.step import Snapshot
from quoter.domain.trading import Cause, Phase, TradingState
from quoter.service.http import server as module
from quoter.service.http.cause_details import CauseTimes
from quoter.service.http.server import HEADERS, Pages, Sources, is_allowed_host, serve, stop
from quoter.telemetry.redaction import Redactor
from tests.unit.telemetry.samples import NOW_NS, empty, paused, snapshot

CANARY = "c4n4ry-S3cret"


class Daemon:
    """The sources of the pages, and a client."""

    def __init__(self) -> None:
        self.snapshot = snapshot()
        self.is_alive = True
        self.on_health_check: Callable[[], None] = lambda: None  # called for every health request
        self.rendered = 0
        self.more = b""  # further bytes of the metrics
        self.base = ""
        self.client = aiohttp.ClientSession()

    def sources(self) -> Sources:
        return Sources(
            snapshot=lambda: self.snapshot,
            metrics=self.render,
            is_alive=self.health,
            details=CauseTimes(NOW_NS).details,
            about={"environment": "sandbox", "symbol": "BTC/USDT"},
            redactor=Redactor([CANARY]),
        )

    def health(self) -> bool:
        self.on_health_check()
        return self.is_alive

    def render(self, seen: Snapshot) -> bytes:
        self.rendered += 1
        return f"quoter_up {seen.seq}\n".encode() + self.more

    async def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        async with self.client.request(method, self.base + path, headers=headers) as answer:
            for name, value in HEADERS.items():
                assert answer.headers[name] == value
            return answer.status, await answer.text()


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    it = Daemon()
    runner, port = await serve(Pages(it.sources(), host_names=["quoter"]), host="127.0.0.1", port=0)
    it.base = f"http://127.0.0.1:{port}"
    yield it
    await it.client.close()
    await stop(runner)


async def test_metrics_are_text_as_of_now(daemon: Daemon) -> None:
    async with daemon.client.get(daemon.base + "/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert await answer.text() == "quoter_up 42\n"


async def pipelined(daemon: Daemon, path: str, count: int, host: str = "localhost") -> None:
    """Send many requests at once on one connection, and read every response."""
    port = int(daemon.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() * count)
    for _ in range(count):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length is not None, head
        await reader.readexactly(int(length[1]))
    writer.close()
    await writer.wait_closed()


async def test_frequent_requests_for_metrics_get_a_cached_rendering(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One rendering blocks the event loop for milliseconds."""
    monkeypatch.setattr(module, "METRICS_CACHE_S", 3_600.0)
    await pipelined(daemon, "/metrics", 20)
    assert daemon.rendered == 1


async def test_metrics_are_rendered_again_after_the_cache_time(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "METRICS_CACHE_S", 0.0)
    await pipelined(daemon, "/metrics", 5)
    assert daemon.rendered == 5


async def test_a_connection_that_never_reads_is_served_no_more_than_its_buffers_hold(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its answers would fill the memory: 200 requests of 1 MB each."""
    monkeypatch.setattr(module, "METRICS_CACHE_S", 0.0)
    daemon.more = bytes(2**20)
    port = int(daemon.base.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as never_reads:
        never_reads.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        for _ in range(20):
            assert (await daemon.ask("/healthz"))[0] == 200
        served = daemon.rendered
    assert 1 <= served <= 20  # the kernel's buffers hold some


async def test_other_tasks_run_between_pipelined_requests(daemon: Daemon) -> None:
    rounds, seen = 0, list[int]()

    async def run() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    daemon.on_health_check = lambda: seen.append(rounds)
    counting = asyncio.create_task(run())
    await pipelined(daemon, "/healthz", 20)
    counting.cancel()
    assert len(set(seen)) == len(seen) == 20


async def test_other_tasks_run_between_pipelined_requests_with_a_foreign_host(
    daemon: Daemon,
) -> None:
    """One connection with such requests stopped the event loop for seconds."""
    rounds = 0

    async def run() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(run())
    await pipelined(daemon, "/healthz", 500, host="evil.example")
    counting.cancel()
    assert rounds >= 500


async def test_healthz_is_503_when_the_loop_is_not_alive(daemon: Daemon) -> None:
    assert await daemon.ask("/healthz") == (200, '{"alive": true}\n')
    daemon.is_alive = False
    assert await daemon.ask("/healthz") == (503, '{"alive": false}\n')


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (snapshot, 200),
        (lambda: snapshot(trading_state=TradingState.REDUCE_ONLY), 200),
        (paused, 503),
        (lambda: snapshot(trading_state=TradingState.KILLED), 503),
        (lambda: snapshot(phase=Phase.STARTING), 503),
        (lambda: snapshot(phase=Phase.DRAINING), 503),
    ],
)
async def test_ready_means_live_and_allowed_to_trade(
    daemon: Daemon, make: Callable[[], Snapshot], status: int
) -> None:
    daemon.snapshot = make()
    assert (await daemon.ask("/readyz"))[0] == status


async def test_readyz_names_the_causes(daemon: Daemon) -> None:
    daemon.snapshot = paused()
    body = json.loads((await daemon.ask("/readyz"))[1])
    assert body["causes"] == {"book_stale": "no frame for 2.1 s"}
    assert body["trading_state"] == "PAUSED"
    assert body["details"]["book_stale"] == {
        "since": "2023-11-14T22:13:20+00:00",
        "state": "PAUSED",
        "latched": False,
        "runbook": "deploy/docs/runbook.md#causes-that-pause-and-clear-by-themselves",
    }


async def test_state_keeps_exact_numbers_exact(daemon: Daemon) -> None:
    status, text = await daemon.ask("/state")
    body = json.loads(text)
    assert status == 200
    assert body["environment"] == "sandbox"
    assert body["inventory"]["inventory_base"] == "0.01"
    assert body["quote"]["terms"]["reservation_price"] == 59_999.0
    assert body["quote"]["off"] == [{"side": "SELL", "reason": "side_limit"}]
    assert body["orders"][0]["price"] == "59993.04"


async def test_state_before_any_market_data_is_valid_json(daemon: Daemon) -> None:
    daemon.snapshot = empty()
    body = json.loads((await daemon.ask("/state"))[1], parse_constant=pytest.fail)
    assert body["quote"] is None
    assert body["book"]["mid"] is None


async def test_the_text_of_a_cause_is_redacted(daemon: Daemon) -> None:
    text = f"GET https://x/?signature=abcdef-plain {CANARY}"
    daemon.snapshot = snapshot(causes={Cause.MARKET_FEED_DOWN: text})
    for path in ("/state", "/readyz"):
        body = (await daemon.ask(path))[1]
        assert "market_feed_down" in body
        assert CANARY not in body
        assert "abcdef-plain" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_the_pages_are_read_only(daemon: Daemon, method: str) -> None:
    assert (await daemon.ask("/state", method))[0] == 405


async def test_an_unknown_path_is_not_found(daemon: Daemon) -> None:
    assert (await daemon.ask("/../etc/passwd"))[0] == 404


async def test_an_unknown_host_name_is_refused(daemon: Daemon) -> None:
    """A web page that points its own host name at our address must not read the pages."""
    assert (await daemon.ask("/state", Host="evil.example"))[0] == 421
    assert (await daemon.ask("/state", Host="quoter:9464"))[0] == 200


MALFORMED = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(128)),
    b"malformed\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET //[::1/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
)


async def test_malformed_requests_are_counted_in_one_log_line_a_minute(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(daemon.base.rpartition(":")[2])
    with capture_logs() as lines:
        for malformed in MALFORMED * 3:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(malformed)
            assert b"200" not in await reader.read(12), malformed
            writer.close()
    assert not [record for record in caplog.records if record.exc_info]
    logged = [(line["event"], line["count"]) for line in lines]
    assert logged == [("requests_not_http", 1)]


async def test_an_error_in_a_handler_is_logged_with_its_traceback(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("ours")

    daemon.on_health_check = broken
    assert (await daemon.ask("/healthz"))[0] == 500
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.name == "aiohttp.server"


async def test_more_requests_than_the_limit_get_status_503(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUESTS_MAX", 0)
    assert (await daemon.ask("/state"))[0] == 503


async def test_a_taken_port_is_an_error(daemon: Daemon) -> None:
    port = int(daemon.base.rpartition(":")[2])
    with pytest.raises(OSError, match="address"):
        await serve(Pages(daemon.sources()), host="127.0.0.1", port=port)


@pytest.mark.parametrize(
    ("header", "is_ours"),
    [
        ("localhost:9464", True),
        ("LOCALHOST", True),
        ("127.0.0.1:9464", True),
        ("[::1]:9464", True),
        ("10.1.2.3", True),
        ("quoter:9464", True),
        ("", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("quoter.evil.example:80", False),
        ("[evil]", False),
        ("[::1]", True),
        ("[::1].evil.com", False),
        ("[::1]evil", False),
        ("[::1", False),
        ("[::1%25lo]", False),
        ("::1", False),
        ("127.0.0.1:1, evil.com", False),
        ("localhost:evil", False),
        ("localhost:", False),
        ("localhost:1:2", False),
        ("localhost, evil.com", False),
        ("evil.com@localhost", False),
        ("localhost/evil", False),
        ("127.0.0.1.1", False),
        ("1", False),
        ("localhost\n", False),
    ],
)
def test_host_headers(header: str, is_ours: bool) -> None:
    assert is_allowed_host(header, frozenset({"localhost", "quoter"})) is is_ours


async def test_pages_that_do_not_close_are_left_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error here would replace the exit code of the run."""
    monkeypatch.setattr(module, "SHUTDOWN_S", 0.05)

    async def never(_: web.Application) -> None:
        await asyncio.Event().wait()

    runner = web.AppRunner(web.Application())
    runner.app.on_cleanup.append(never)
    await runner.setup()
    with capture_logs() as lines:
        await stop(runner)
    assert [line["event"] for line in lines] == ["http_not_closed"]
