"""Full create load, and creates that differ from the approved order, over real sockets."""

import asyncio
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import Alarm, OrderAck, OrderDone, OrderReject
from quoter.domain.market import Side
from quoter.domain.reasons import RejectReason
from quoter.domain.trading import Cause
from quoter.sandbox.config import Limits, default_config
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.egress.gate import Call, Purpose
from tests.integration.sandbox_client import RunningSandbox, running
from tests.integration.test_venues_gateway import (
    cancel,
    config,
    connected,
    place,
    streaming,
    wire,
)
from tests.integration.test_venues_ws import until


async def test_cancels_are_sent_at_once_under_full_load_of_creates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first refused create leaves the budget reserved for cancels untouched."""
    limits = Limits(orders_per_10_s=50)
    async with (
        running(replace(default_config(7), limits=limits)) as sandbox,
        connected(config(sandbox)) as gateway,
    ):
        answers = await asyncio.gather(*(gateway.place(place(number)) for number in range(60)))
        acked = [n for n, answer in enumerate(answers) if isinstance(answer, OrderAck)]
        assert 30 <= len(acked) < 60
        gate, left_s = gateway._client.gate, []
        leave = gate.check_write

        def timed(url: str, call: Call | None) -> None:
            leave(url, call)
            if call is not None and call.purpose is Purpose.CANCEL:
                left_s.append(time.monotonic())

        monkeypatch.setattr(gate, "check_write", timed)
        begun_s = []
        for number in acked:
            load = asyncio.create_task(gateway.place(place(100 + number)))
            begun_s.append(time.monotonic())
            assert isinstance(await gateway.cancel(cancel(number)), OrderDone)
            await load
        took_s = sorted(left - begun for begun, left in zip(begun_s, left_s, strict=True))
        assert took_s[len(took_s) // 4] <= 0.5  # the fastest quarter; a wait for budget is seconds
        assert gateway.rate_limit_pause() is None


@pytest.mark.parametrize("symbol", ["ETH/USDT", "BTC/USDC"])
async def test_order_for_another_market_is_not_sent_and_kills(
    sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, symbol: str
) -> None:
    async with connected(config(sandbox)) as gateway, streaming(gateway) as events:
        foreign = dict(gateway._client.market("BTC/USDT"))
        foreign |= {"symbol": symbol, "id": symbol.replace("/", "")}
        monkeypatch.setattr(gateway._client, "market", lambda _: foreign)
        gateway._config = replace(gateway._config, symbol=symbol)
        answer = await gateway.place(place(1))
        assert isinstance(answer, OrderReject)
        assert answer.reason is RejectReason.NOT_SENT
        assert await wire(sandbox) == []
        await until(lambda: any(isinstance(event, Alarm) for event in events))
        (alarm,) = [event for event in events if isinstance(event, Alarm)]
        assert (alarm.cause, alarm.active) == (Cause.WIRE_MISMATCH, True)
        assert "symbol is" in alarm.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", Side.SELL),
        ("price", Decimal("50000.01")),
        ("size", Decimal("0.002")),
        ("client_id", "q1999"),
    ],
)
async def test_order_changed_before_the_write_is_not_sent(
    sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch, field: str, value: object
) -> None:
    """Ccxt is between the approved order and the socket: what it writes is compared."""
    async with connected(config(sandbox)) as gateway:
        create = gateway._create

        async def other(order: PlaceOrder) -> JsonDict:
            return await create(replace(order, **{field: value}))  # type: ignore[arg-type]

        monkeypatch.setattr(gateway, "_create", other)
        answer = await gateway.place(place(1))
        assert isinstance(answer, OrderReject)
        assert answer.reason is RejectReason.NOT_SENT
        monkeypatch.undo()
        assert isinstance(await gateway.place(place(2)), OrderReject), "the gate is shut"
        assert await wire(sandbox) == []
