"""An engine with kill switch, ledger and listener, and an HTTP client."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import cast
from unittest.mock import patch

import aiohttp
from multidict import CIMultiDict

from quoter.domain.step import StateChange
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.ledger.ledger import Ledger
from quoter.ledger.reader import Reader
from quoter.ledger.rows import Operation
from quoter.service.clock import Clock
from quoter.service.control_api import live_params
from quoter.service.control_api.auth import Role, Tokens
from quoter.service.control_api.live_params import LiveParamsService
from quoter.service.control_api.routes import ControlApi, ControlParts
from quoter.service.data_folder import DataFolder
from quoter.service.http.server import Pages, Sources, serve, stop
from quoter.service.killswitch.latch import Latch
from quoter.service.operator_commands import entrance
from quoter.service.operator_commands.audit import CommandAudit
from quoter.service.pending_replies import PendingReplies
from quoter.settings import FixedSettings
from quoter.telemetry.metrics import Metrics
from quoter.venues.ports import OrderGateway
from tests.unit.engine.cases import EngineHarness
from tests.unit.ledger.cases import opened
from tests.unit.service.stops_rig import StopsRig
from tests.unit.state.cases import START_NS

TOKENS = {
    Role.READ: "read-0123456789abcdefghijklmnopqrstuv",
    Role.OPERATOR: "operator-0123456789abcdefghijklmnop",
    Role.RISK: "risk-0123456789abcdefghijklmnopqrstuv",
}
SETTINGS = FixedSettings(
    inventory_max=Decimal(10),
    order_size=Decimal(1),
    loss_max=Decimal(50),
    notional_max=Decimal(10_000),
)

WAIT_S_MAX = 20.0  # on a busy machine

type Headers = CIMultiDict[str]
type Body = dict[str, object]


class Gate:
    """The part of a gateway that the kill switch uses: its egress gate."""

    def __init__(self) -> None:
        self.is_open = True
        self.reduces_only = False
        self.opened = 0

    def close_gate(self) -> None:
        self.is_open = False

    def open_gate(self) -> None:
        self.is_open = True
        self.opened += 1

    def set_reduce_only(self, *, is_on: bool) -> None:
        self.reduces_only = is_on


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and JSON body of one reply; the body is empty if it is not JSON."""

    status: int
    headers: CIMultiDict[str]
    body: Body


class Rig:
    """Real parts from the socket to the engine, without a venue."""

    def __init__(self, folder: Path, ledger: Ledger, tokens: dict[Role, str]) -> None:
        self.harness = EngineHarness().quoting()
        self.metrics = Metrics(symbol="ABC/USD", venue="binance", environment="sandbox")
        self.gate = Gate()
        self.folder = folder
        self.clock = Clock(
            wall_ns=lambda: START_NS, monotonic_ns=lambda: self.harness.now_ns - START_NS
        )
        self.is_held = False  # the engine handles no events
        self._keys = count(1)
        self.stops = StopsRig(
            gateway=cast(OrderGateway, self.gate),
            folder=DataFolder(folder),
            latched=None,
            clock=self.clock,
            state=self.harness.state,
            write=ledger.record_operation,
            on_post=lambda: asyncio.get_running_loop().call_soon(self.drain),
        )
        running = TradingState.RUNNING
        self.stops.state_changed(StateChange(before=running, after=running, raised=(), cleared=()))
        self.gate.opened = 0
        engine = self.harness.engine
        params = LiveParamsService(
            settings=SETTINGS,
            params=lambda: engine.controls.live_params.params,
            clock=self.clock,
            replies=self.stops.replies,
        )
        parts = ControlParts(
            snapshot=engine.snapshot,
            kill_switch=self.stops.controller,
            commands=self.stops.commands,
            params=params,
            audit=self.stops.audit,
            clock=self.clock,
            count_response=self.metrics.process.count_control_request,
        )
        control = ControlApi(Tokens(tokens), parts) if tokens else None
        sources = Sources(
            snapshot=engine.snapshot,
            metrics=lambda _: b"",
            is_alive=lambda: True,
            kill_id=self.stops.controller.shown_kill_id,
        )
        self.pages = Pages(sources, host_names=["quoter"], extra=control)
        self.base = ""
        self.client = aiohttp.ClientSession()

    # as the runner does

    def drain(self) -> None:
        while not self.is_held and (event := self.stops.inbox.take()) is not None:
            self.stops.handle_one(event, self.harness.give)

    # used by the control API and by reloads

    @property
    def pending_replies(self) -> PendingReplies:
        return self.stops.replies

    @property
    def audit(self) -> CommandAudit:
        return self.stops.audit

    @property
    def waiting(self) -> int:
        """Number of events that the engine has not handled yet."""
        return len(self.stops.queue)

    # for the tests

    def later(self, seconds: float) -> None:
        self.harness.now_ns += round(seconds * NS_PER_S)

    def settle(self) -> None:
        """End every order and reconcile."""
        for order in list(self.harness.engine.orders):
            self.harness.done(order)
        self.harness.look_again()

    async def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """Send a well-formed request, except for the given overrides."""
        given: Headers = CIMultiDict()
        if method != "GET":
            given["Content-Type"] = "application/json"
            given["Idempotency-Key"] = f"key-{next(self._keys)}"
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        given.update(headers or {})
        raw = data if data is not None else json.dumps(body).encode() if method != "GET" else None
        return await self.send_raw(method, path, given, raw)

    async def send_raw(
        self, method: str, path: str, headers: Headers, data: bytes | None
    ) -> Answer:
        async with self.client.request(
            method, self.base + path, headers=headers, data=data, skip_auto_headers=["Content-Type"]
        ) as reply:
            text = await reply.text()
            is_json = reply.content_type == "application/json"
            body: Body = json.loads(text) if is_json and text else {}
            return Answer(reply.status, CIMultiDict(reply.headers), body)

    async def post_command(self, command: str, role: Role = Role.RISK, **fields: object) -> Answer:
        return await self.send(
            "POST", f"/v1/{command}", token=TOKENS[role], body={"reason": "test", **fields}
        )

    async def patch(self, role: Role = Role.OPERATOR, **fields: object) -> Answer:
        return await self.send(
            "PATCH", "/v1/params", token=TOKENS[role], body={"reason": "test", **fields}
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that another task fulfils."""
        end_s = time.monotonic() + WAIT_S_MAX
        while not condition():
            assert time.monotonic() < end_s, "the condition did not become true"
            await asyncio.sleep(0.001)

    def own_kill(self, cause: Cause) -> None:
        """Let the engine raise a kill cause itself."""
        change = self.harness.alarm(cause).state
        if change is not None:
            self.stops.state_changed(change)

    async def until_disk(self) -> None:
        """Wait until the latch in force is on disk."""
        await self.until(lambda: Latch(self.folder).read() == self.stops.latched)
        await asyncio.sleep(0.01)  # let the callbacks run

    async def until_gate(self, *, is_open: bool) -> None:
        """Wait for the state of the gate; after a re-arm it opens once the latch is removed."""
        await self.until(lambda: self.gate.is_open is is_open)

    def protected_state(self) -> tuple[object, ...]:
        """Return everything that a refused request must not change."""
        engine = self.harness.engine
        return (
            engine.causes.switch.causes,
            engine.controls.live_params.params,
            self.gate.is_open,
            self.stops.latched,
            engine.seq,
        )

    @property
    def state(self) -> TradingState:
        return self.harness.engine.causes.state

    def operations(self) -> list[Operation]:
        with Reader(self.folder) as reader:
            return reader.operations(100)


@asynccontextmanager
async def rigged(folder: Path, tokens: dict[Role, str] | None = None) -> AsyncIterator[Rig]:
    """Yield a listening rig; `tokens` is `{}` for a daemon without any token.

    It waits longer for the engine than a daemon does: a busy machine must not turn 200 into 202.
    """
    async with opened(folder) as ledger:
        rig = Rig(folder, ledger, TOKENS if tokens is None else tokens)
        writing = asyncio.create_task(rig.stops.controller.run())
        runner, port = await serve(rig.pages, host="127.0.0.1", port=0)
        rig.base = f"http://127.0.0.1:{port}"
        try:
            with (
                patch.object(live_params, "OUTCOME_S_MAX", WAIT_S_MAX),
                patch.object(entrance, "OUTCOME_S_MAX", WAIT_S_MAX),
            ):
                yield rig
        finally:
            await rig.client.close()
            await stop(runner)
            writing.cancel()
            await rig.stops.controller.settle()
