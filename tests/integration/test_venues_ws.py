"""StreamReader against real sockets: silence, refusals, reconnect limits, oversized frames."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from random import Random

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from quoter.venues.config import StreamTimings
from quoter.venues.retry_after import retry_after_s
from quoter.venues.streams.reconnecting import StreamReader
from tests.integration.sandbox_client import END_S

QUICK = StreamTimings(
    ping_s=0.1, pong_s_max=0.15, backoff_base_s=0.01, backoff_s_min=0.005, backoff_s_max=0.05
)


class Recorder:
    """Recorder of the reader's calls, in order."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.frames: list[bytes] = []
        self.known = -1  # the newest number received
        self.silent_s = 0.0
        self.roll: Callable[[], None] = lambda: None

    def on_open(self) -> None:
        self.notes.append("opened")

    def on_stall(self, silent_s: float) -> None:
        self.notes.append(f"stalled after {len(self.frames)}")
        self.silent_s = silent_s

    def on_lost(self, text: str) -> None:
        self.notes.append(f"lost {text}")

    def on_frame(self, data: bytes) -> None:
        if self.known < 0:
            self.frames.append(data)
        elif int(data) > self.known:  # a second connection repeats known numbers
            self.frames.append(data)
            self.known = int(data)

    def trim_overlap(self, frames: deque[bytes]) -> bool:
        return int(frames[0]) <= self.known + 1

    def on_attempts_exhausted(self, text: str) -> None:
        self.notes.append(f"spent {text}")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(END_S):
        while not condition():  # noqa: ASYNC110 - the thing waited for has no event to offer
            await asyncio.sleep(0.005)


@asynccontextmanager
async def reading(
    server: Server, recorder: Recorder, timings: StreamTimings = QUICK
) -> AsyncIterator[StreamReader]:
    port = next(iter(server.sockets)).getsockname()[1]
    async with reading_port(port, recorder, timings) as reader:
        yield reader


@asynccontextmanager
async def reading_port(
    port: int, recorder: Recorder, timings: StreamTimings
) -> AsyncIterator[StreamReader]:
    reader = StreamReader(
        url=f"ws://127.0.0.1:{port}/", handler=recorder, timings=timings, random=Random(3)
    )
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def hold(socket: ServerConnection) -> None:
    """Send nothing, but answer pings."""
    await socket.wait_closed()


class PingCounter(ServerConnection):
    """A peer that answers pings, and counts them over all its connections."""

    pings = 0

    def process_event(self, event: Request | Response | Frame) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            PingCounter.pings += 1
        super().process_event(event)


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    monkeypatch.setattr(PingCounter, "pings", 0)
    return lambda: PingCounter.pings


async def test_quiet_peer_is_pinged_and_kept(pings: Callable[[], int]) -> None:
    recorder = Recorder()
    async with (
        serve(hold, "127.0.0.1", 0, create_connection=PingCounter) as server,
        reading(server, recorder),
    ):
        await until(lambda: pings() >= 5)
    assert recorder.notes == ["opened"]


async def test_frames_arrive_as_bytes_without_pings(pings: Callable[[], int]) -> None:
    async def chatter(socket: ServerConnection) -> None:
        for number in range(40):
            await socket.send(str(number))
            await asyncio.sleep(0.01)
        await socket.wait_closed()

    recorder = Recorder()
    async with (
        serve(chatter, "127.0.0.1", 0, create_connection=PingCounter) as server,
        reading(server, recorder),
    ):
        await until(lambda: len(recorder.frames) == 40)
        assert pings() == 0
    assert recorder.frames[0] == b"0"


async def test_peer_without_pongs_is_dropped() -> None:
    async def unresponsive(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await socket.wait_closed()

    recorder = Recorder()
    async with (
        serve(unresponsive, "127.0.0.1", 0, close_timeout=0.1) as server,
        reading(server, recorder),
    ):
        await until(lambda: "opened" in recorder.notes)
        await until(lambda: any(note.startswith("lost") for note in recorder.notes))
        await until(lambda: recorder.notes.count("opened") == 2)
        for socket in server.connections:
            socket.transport.abort()


def test_default_timings_find_a_dead_peer_within_10_s() -> None:
    timings = StreamTimings()
    assert timings.ping_s + timings.pongs_missed_max * timings.pong_s_max < 10
    assert timings.ping_s < 2, "a quiet peer shows life before the engine calls it stale"


@contextmanager
def elsewhere(serving: Callable[[ServerConnection], Awaitable[None]]) -> Iterator[int]:
    """Run a server in a thread, so that it works while our loop hangs; yield its port."""
    ready, ports = threading.Event(), list[int]()

    async def run(stop: asyncio.Event) -> None:
        async with serve(serving, "127.0.0.1", 0, close_timeout=0.1) as server:
            ports.append(next(iter(server.sockets)).getsockname()[1])
            ready.set()
            await stop.wait()

    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run(stop)))
    thread.start()
    ready.wait(END_S)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(END_S)
        loop.close()


STALL_S = 0.4
STALLING = replace(QUICK, stall_s=STALL_S, pong_s_max=2.0)


async def test_frames_buffered_during_a_hang_are_preceded_by_on_stall() -> None:
    async def count(socket: ServerConnection) -> None:
        number = 0
        with suppress(ConnectionClosed):
            while True:
                await socket.send(str(number))
                number += 1
                await asyncio.sleep(0.02)

    recorder = Recorder()
    with elsewhere(count) as port:
        async with reading_port(port, recorder, STALLING):
            await until(lambda: len(recorder.frames) > 5)
            before = len(recorder.frames)
            time.sleep(2 * STALL_S)  # noqa: ASYNC251 - the loop is to hang
            await until(lambda: len(recorder.frames) > before)
    assert recorder.notes == ["opened", f"stalled after {before}"]
    assert recorder.silent_s >= STALL_S


async def test_pong_buffered_during_a_hang_is_preceded_by_on_stall() -> None:
    arrived = threading.Event()

    async def slow(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        arrived.wait(END_S)  # our ping is answered while our loop hangs
        socket.transport.resume_reading()
        await socket.wait_closed()

    recorder = Recorder()
    with elsewhere(slow) as port:
        async with reading_port(port, recorder, STALLING):
            await until(lambda: "opened" in recorder.notes)
            await asyncio.sleep(1.5 * STALLING.ping_s)
            before = len(recorder.notes)
            arrived.set()
            time.sleep(2 * STALL_S)  # noqa: ASYNC251 - the loop is to hang
            await until(lambda: len(recorder.notes) > before)
    assert recorder.notes[before:] == ["stalled after 0"]


async def test_check_stall_reports_before_the_next_frame() -> None:
    recorder = Recorder()
    async with (
        serve(hold, "127.0.0.1", 0) as server,
        reading(server, recorder, STALLING) as reader,
    ):
        await until(lambda: "opened" in recorder.notes)
        reader.check_stall()
        assert "stalled after 0" not in recorder.notes
        time.sleep(2 * STALL_S)  # noqa: ASYNC251 - the loop is to hang
        reader.check_stall()
        reader.check_stall()
        assert recorder.notes.count("stalled after 0") == 1


async def test_an_oversized_frame_ends_the_connection_and_the_next_one_works() -> None:
    count = 0

    async def fat_then_fine(socket: ServerConnection) -> None:
        nonlocal count
        count += 1
        await socket.send("x" * 2000 if count == 1 else "fine")
        await socket.wait_closed()

    recorder = Recorder()
    small = replace(QUICK, frame_bytes_max=1000)
    async with serve(fat_then_fine, "127.0.0.1", 0) as server, reading(server, recorder, small):
        await until(lambda: recorder.frames == [b"fine"])
    assert any("1009" in note for note in recorder.notes)


async def test_venue_that_always_closes_gets_limited_attempts() -> None:
    async def rude(socket: ServerConnection) -> None:
        await socket.close(1001)

    recorder = Recorder()
    few = replace(QUICK, connects_max=5, connects_window_s=60.0)
    async with serve(rude, "127.0.0.1", 0) as server, reading(server, recorder, few):
        await until(lambda: len(recorder.notes) >= 10)
        for _ in range(6):  # enough time for several more attempts
            await asyncio.sleep(few.backoff_s_max)
    assert recorder.notes.count("opened") == 5
    assert "spent 5 connects in 60 s" in recorder.notes


class Counter:
    """A venue that sends the same numbers on every connection, each with its own delay."""

    def __init__(self, *delays: int) -> None:
        self._delays = delays  # delay of each connection in numbers, by order of connecting
        self.arrived = 0
        self.number = 0

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            self.number += 1

    async def serve(self, socket: ServerConnection) -> None:
        behind = self._delays[min(self.arrived, len(self._delays) - 1)]
        self.arrived += 1
        sent_number = max(0, self.number - behind)
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(0.005)
                while sent_number < self.number - behind:
                    sent_number += 1
                    await socket.send(str(sent_number))


@asynccontextmanager
async def counting(
    counter: Counter, recorder: Recorder, timings: StreamTimings
) -> AsyncIterator[Server]:
    task = asyncio.create_task(counter.count())
    try:
        async with serve(counter.serve, "127.0.0.1", 0, close_timeout=0.1) as server:
            recorder.known = 0
            async with reading(server, recorder, timings) as reader:
                recorder.roll = reader.request_handover
                yield server
    finally:
        task.cancel()


def is_gapless(frames: list[bytes]) -> bool:
    numbers = [int(frame) for frame in frames]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@pytest.mark.parametrize("delays", [(0, 0), (5, 0), (0, 5)], ids=["equal", "old late", "new late"])
async def test_handover_loses_and_repeats_nothing(
    delays: tuple[int, int],
) -> None:
    recorder, counter = Recorder(), Counter(*delays)
    async with counting(counter, recorder, QUICK) as server:
        await until(lambda: len(recorder.frames) >= 10)
        recorder.roll()
        await until(lambda: counter.arrived == 2 and len(server.connections) == 1)
        seen = len(recorder.frames)
        await until(lambda: len(recorder.frames) >= seen + 20)
    assert is_gapless(recorder.frames)
    assert recorder.notes == ["opened"]


async def test_old_connections_are_replaced_repeatedly() -> None:
    recorder, counter = Recorder(), Counter(0)
    async with counting(counter, recorder, replace(QUICK, handover_s=0.1)):
        await until(lambda: counter.arrived >= 4)
    assert is_gapless(recorder.frames)
    assert recorder.notes.count("opened") == 1


async def test_standby_takes_over_with_a_visible_gap_when_the_active_one_ends() -> None:
    recorder = Recorder()

    async def stuck_then_ahead(socket: ServerConnection) -> None:
        if not recorder.frames:
            await socket.send("1")
            await socket.wait_closed()
        await socket.send("7")
        await socket.wait_closed()

    recorder.known = 0
    async with (
        serve(stuck_then_ahead, "127.0.0.1", 0, close_timeout=0.1) as server,
        reading(server, recorder) as reader,
    ):
        await until(lambda: recorder.frames == [b"1"])
        first = next(iter(server.connections))
        reader.request_handover()
        await until(lambda: len(server.connections) == 2)
        await asyncio.sleep(0.05)
        first.transport.abort()
        await until(lambda: recorder.frames == [b"1", b"7"])
        assert reader.handovers == 1
    assert recorder.notes.count("opened") == 1


async def test_refused_handover_is_retried_while_the_active_one_works() -> None:
    recorder, counter, refused = Recorder(), Counter(0), 0

    def refuse_the_second(socket: ServerConnection, request: Request) -> Response | None:
        nonlocal refused
        if counter.arrived != 1 or refused:
            return None
        refused += 1
        return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "busy")

    task = asyncio.create_task(counter.count())
    recorder.known = 0
    async with (
        serve(
            counter.serve,
            "127.0.0.1",
            0,
            process_request=refuse_the_second,
            close_timeout=0.1,
        ) as server,
        reading(server, recorder) as reader,
    ):
        await until(lambda: len(recorder.frames) >= 3)
        reader.request_handover()
        await until(lambda: reader.handovers == 1)
    task.cancel()
    assert refused == 1
    assert is_gapless(recorder.frames)
    assert recorder.notes.count("opened") == 1


async def test_refused_handshake_is_retried_after_the_requested_pause() -> None:
    times: list[float] = []

    def refuse_once(socket: ServerConnection, request: Request) -> Response | None:
        times.append(time.monotonic())
        if len(times) > 1:
            return None
        response = socket.respond(HTTPStatus.TOO_MANY_REQUESTS, "slow down")
        response.headers["Retry-After"] = "0.4"
        return response

    recorder = Recorder()
    async with (
        serve(hold, "127.0.0.1", 0, process_request=refuse_once) as server,
        reading(server, recorder),
    ):
        await until(lambda: "opened" in recorder.notes)
    assert recorder.notes[0] == "lost handshake refused: HTTP 429"
    assert times[1] - times[0] >= 0.4


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        (None, 0.0),
        ("", 0.0),
        ("-1", 0.0),
        ("Wed, 21 Oct", 0.0),
        ("inf", 0.0),
        ("nan", 0.0),
        ("1e9", 259_200.0),
    ],
)
def test_retry_after_is_seconds_or_nothing(header: str | None, seconds: float) -> None:
    assert retry_after_s(header) == seconds
