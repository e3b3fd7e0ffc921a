"""Time from tick to order on the wire: the daemon's runner with the minimal venue."""

import asyncio
import time
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random
from statistics import median
from typing import cast

import uvloop
import websockets

from quoter.app.composition import RunInputs, make_runner
from quoter.domain.events import FeedUp
from quoter.domain.market import Stream
from quoter.engine.config import EngineConfig, RequotePolicy
from quoter.engine.engine import Engine
from quoter.service.clock import Clock
from quoter.telemetry.metrics import Metrics
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.factory import make_feed, make_gateway
from quoter.venues.ports import Emit, OrderGateway
from tests.bench.bare_server import Samples, serve
from tests.bench.decide import engine_config

ROUNDS_S_MAX = 120.0


class _WithoutPrivateStream:
    """The real gateway without the private stream, which the minimal venue does not have."""

    def __init__(self, gateway: CcxtGateway) -> None:
        self._gateway = gateway

    def __getattr__(self, name: str) -> object:
        return getattr(self._gateway, name)

    async def run(self, emit: Emit) -> None:
        emit(FeedUp(ts_ns=time.time_ns(), stream=Stream.PRIVATE))
        await asyncio.Event().wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Medians in microseconds; the ratio is the median over the rounds."""

    order: float
    echo: float
    ratio: float


def measure(*, rounds: int, samples: int) -> Wire:
    """Measure orders and echoes alternately; every round has new processes."""
    taken = [uvloop.run(_round(samples)) for _ in range(rounds)]
    orders = [median(one.order_us) for one in taken]
    echoes = [median(one.echo_us) for one in taken]
    return Wire(
        order=median(orders),
        echo=median(echoes),
        ratio=median(a / b for a, b in zip(orders, echoes, strict=True)),
    )


async def _round(count: int) -> Samples:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, count), daemon=True)
    process.start()
    try:
        async with asyncio.timeout(ROUNDS_S_MAX):
            port = await _receive(ours)
            return await _trade(f"http://127.0.0.1:{port}", ours)
    finally:
        process.terminate()
        process.join()


async def _receive(pipe: Connection) -> object:
    return await asyncio.to_thread(pipe.recv)


async def _trade(url: str, pipe: Connection) -> Samples:
    clock = Clock()
    config = VenueConfig(
        exchange="binance",
        symbol="BTC/USDT",
        environment="sandbox",
        order_prefix="q01",
        sandbox_url=url,
        api_key="key",
        secret="secret",  # noqa: S106 - the minimal venue checks none
    )
    gateway = make_gateway(config, now_ns=clock.now_ns, random=Random(1))
    instrument = await gateway.connect()
    engine = Engine(_eager())
    metrics = Metrics(symbol=config.symbol, venue=config.exchange, environment="sandbox")
    runner = make_runner(
        RunInputs(
            engine=engine,
            feed=make_feed(config, instrument, now_ns=clock.now_ns, random=Random(1)),
            gateway=cast("OrderGateway", _WithoutPrivateStream(gateway)),
            clock=clock,
            metrics=metrics,
            folder=None,
            observers=(metrics.observe,),
        )
    )
    trading = asyncio.create_task(runner.run())
    echoing = asyncio.create_task(_echo(f"{url.replace('http', 'ws')}/echo"))
    try:
        samples = await _receive(pipe)
    finally:
        echoing.cancel()
        runner.stop()
        await trading
    if not isinstance(samples, Samples):
        raise RuntimeError(f"no orders reached the server: {dict(engine.counts)}")
    return samples


def _eager() -> EngineConfig:
    """Return a configuration with one order a side, immediate requotes and a large budget."""
    config = engine_config()
    shape = replace(config.pricing.shape, levels=1)
    return replace(
        config,
        pricing=replace(config.pricing, shape=shape),
        requote=RequotePolicy(hold_ns=0, tolerance=0.0),
        creates_per_s=10_000.0,
    )


async def _echo(url: str) -> None:
    """Echo every message: the lower bound for a websockets client."""
    async with websockets.connect(url, compression=None) as socket:
        async for message in socket:
            await socket.send(message)
