"""A daemon in this process that trades on a sandbox, and checks against the sandbox."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import structlog

from quoter.app.daemon import Daemon, trade
from quoter.app.settings_to_config import own_prefix
from quoter.domain.commands import PlaceOrder
from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.domain.step import Step
from quoter.sandbox.config import SandboxConfig, default_config
from quoter.service.exit_codes import ExitCode
from quoter.settings import FixedSettings, Settings
from quoter.sim.messages import ExecutionReport, MarketSpec, News, SimOrder, SimTrade
from quoter.sim.model_markets import BITCOIN
from quoter.telemetry.logs import configure_logs
from quoter.venues.config import VenueConfig
from tests.integration.sandbox_client import END_S, Row, RunningSandbox, running

UNTIL_S = 90.0
POLL_S = 0.02
HISTORY_MAX = 400
ZERO = Decimal(0)
FOREIGN_ID = "human1"
FOREIGN_PRICE = "57000.00"
# Four market orders a second on each side give about one fill a second.
LIVELY = replace(BITCOIN, intensity=4.0, sigma=2.0)


def market(spec: MarketSpec, seed: int) -> SandboxConfig:
    """Return the configuration of a sandbox with one market."""
    return replace(default_config(seed), markets=(spec,))


def settings(sandbox: RunningSandbox, folder: Path, **changed: object) -> Settings:
    """Return settings: four orders a side, fast requotes, priors instead of a warm-up."""
    values: dict[str, object] = {
        "sandbox_url": sandbox.url,
        "data_dir": folder,
        "secrets_dir": folder,
        "port": 0,
        "inventory_max": Decimal("0.02"),
        "order_size": Decimal("0.005"),
        "loss_max": Decimal(1_000),
        "notional_max": Decimal(1_000),
        "creates_per_min": 6_000,  # more than the default: tests are short
        "turnover_max": 1_000,
        "sigma": 2.0,
        "kappa": 1 / 6,
        "intensity": 4.0,
        "requote_hold_s": 0.2,
        "creates_per_s": 20.0,
        "foreign_activity": "ignore",  # most tests have an open foreign order, which must stay
        "trial_order": "off",  # tests expect the first order to be a quote
        "rss_max_mb": 0,  # off: the test process has more memory than a daemon
    }
    return FixedSettings.model_validate(values | changed)


@contextmanager
def quiet_logs(path: Path) -> Iterator[None]:
    """Write log lines to a file for the length of the block."""
    with path.open("w") as stream:
        configure_logs(log_format="json", level="warning", stream=stream)
        try:
            yield
        finally:
            structlog.reset_defaults()


class VenueWatch:
    """Computes inventory and worst-case exposure from the execution reports of the sandbox."""

    def __init__(self, sandbox: RunningSandbox, prefix: str) -> None:
        self._account = sandbox.one.api_key
        self._prefix = prefix
        self._leaves: dict[int, tuple[Side, Decimal]] = {}
        self.inventory = ZERO
        self.inventory_peak = ZERO
        self.exposure_peak = ZERO
        sandbox.server.venue.listen(self.receive)

    def receive(self, news: Sequence[News]) -> None:
        for item in news:
            if isinstance(item, ExecutionReport) and item.account == self._account:
                self._report(item.order, item.trade)

    def _report(self, order: SimOrder, trade: SimTrade | None) -> None:
        if not order.client_id.startswith(self._prefix):
            return
        if trade is not None:
            self.inventory += trade.side.sign * trade.size
        self._leaves[order.order_id] = (order.side, order.leaves if order.is_open else ZERO)
        self.inventory_peak = max(self.inventory_peak, abs(self.inventory))
        for side in Side:
            leaves = sum((left for of, left in self._leaves.values() if of is side), start=ZERO)
            worst = side.sign * self.inventory + leaves
            self.exposure_peak = max(self.exposure_peak, worst)


@dataclass(slots=True)
class DaemonHarness:
    """A daemon in this process and its sandbox."""

    sandbox: RunningSandbox
    settings: Settings
    watch: VenueWatch
    daemon: Daemon | None = None
    placed: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    watchers: list[Callable[[Step], None]] = field(default_factory=list)
    task: asyncio.Task[ExitCode] | None = None
    _started_s: float = field(default_factory=time.monotonic)

    @property
    def prefix(self) -> str:
        return own_prefix(self.settings)

    @property
    def running(self) -> Daemon:
        """The daemon; it must be ready."""
        assert self.daemon is not None
        return self.daemon

    def observe(self, step: Step) -> None:
        """Record what a failure report shows."""
        self.placed += [c.client_id for c in step.commands if isinstance(c, PlaceOrder)]
        lines = [f"{what}: {detail}" for what, detail in step.anomalies]
        lines += [
            f"{o.client_id} {o.before} -> {o.after} {o.text}"
            for o in step.orders
            if OrderState.UNKNOWN in (o.before, o.after)
        ]
        if step.state is not None:
            raised = ", ".join(f"+{cause} ({text})" for cause, text in step.state.raised)
            cleared = ", ".join(f"-{cause}" for cause in step.state.cleared)
            lines.append(f"{step.state.after.name} {raised} {cleared}")
        at_s = time.monotonic() - self._started_s
        self.history += [f"{at_s:6.2f} {line}" for line in lines]
        del self.history[:-HISTORY_MAX]
        for watch in self.watchers:
            watch(step)

    def open_own(self) -> list[SimOrder]:
        """Return our open orders at the sandbox."""
        exchange = self.sandbox.server.venue.exchange
        orders = exchange.open_orders(self.sandbox.one.api_key)
        return [order for order in orders if order.client_id.startswith(self.prefix)]

    def is_two_sided(self) -> bool:
        """Whether we have open orders on both sides at the sandbox."""
        return {order.side for order in self.open_own()} == set(Side)

    def is_equal(self) -> bool:
        """Whether our balances equal those of the sandbox in every asset."""
        truth = self.sandbox.server.venue.exchange.truth.balances(self.sandbox.one.api_key)
        return dict(self.running.engine.inventory.balances) == truth

    def differences(self) -> str:
        """Return the balances that differ from those of the sandbox."""
        truth = self.sandbox.server.venue.exchange.truth.balances(self.sandbox.one.api_key)
        ours = self.running.engine.inventory.balances
        return ", ".join(
            f"{asset}: ours {ours.get(asset)}, truth {truth[asset]}"
            for asset in truth
            if ours.get(asset) != truth[asset]
        )

    async def until(self, condition: Callable[[], bool], what: str) -> float:
        """Wait for a condition; return the seconds it took.

        Fails after UNTIL_S, counted in iterations of the event loop: a busy machine gets longer.
        """
        start_s, polls_left = time.monotonic(), round(UNTIL_S / POLL_S)
        while not condition():
            assert not (self.task and self.task.done()), f"{what}: the daemon ended\n{self.story()}"
            assert polls_left > 0, f"{what}: not within {UNTIL_S:g} s\n{self.story()}"
            polls_left -= 1
            await asyncio.sleep(POLL_S)
        return time.monotonic() - start_s

    def story(self) -> str:
        """Return the last events, causes and orders, for a failure report."""
        causes = ""
        if self.daemon is not None:
            engine = self.daemon.engine
            causes = f"{engine.causes.switch.causes} orders {[o.view() for o in engine.orders]}"
            causes += f"\n{self.differences()}"
        return "\n".join([*self.history[-60:], causes])

    async def wire(self, operation: str = "") -> list[Row]:
        """Return the sandbox's log of order requests, of one operation or all."""
        rows = (await self.sandbox.admin("GET", "wire-log?since=0")).rows
        return [row for row in rows if not operation or row["operation"] == operation]

    async def stop(self) -> ExitCode:
        """Stop the daemon cleanly and return its exit code."""
        self.running.runner.stop()
        return await self.ended()

    async def ended(self) -> ExitCode:
        """Wait for the end of the daemon and return its exit code."""
        assert self.task is not None
        async with asyncio.timeout(END_S):
            return await self.task


@asynccontextmanager
async def running_daemon(
    sandbox: RunningSandbox, chosen: Settings, *, venue: VenueConfig | None = None
) -> AsyncIterator[DaemonHarness]:
    """Run a daemon for the length of the block; stop it at the end if the test has not."""
    harness = DaemonHarness(sandbox, chosen, VenueWatch(sandbox, own_prefix(chosen)))
    ready = asyncio.Event()

    def on_ready(daemon: Daemon) -> None:
        harness.daemon = daemon
        ready.set()

    task = asyncio.create_task(
        trade(chosen, venue=venue, on_ready=on_ready, observers=(harness.observe,))
    )
    harness.task = task
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=END_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        assert ready.is_set(), "the daemon is not ready"
        yield harness
    finally:
        waiting.cancel()
        if not task.done():
            harness.running.runner.stop()
            await asyncio.wait({task}, timeout=END_S)
            task.cancel()
        await asyncio.wait({task})


@asynccontextmanager
async def sandbox_and_daemon(
    config: SandboxConfig, folder: Path, **changed: object
) -> AsyncIterator[tuple[RunningSandbox, DaemonHarness]]:
    """Run a sandbox and a daemon that trades there, with log lines in `folder`/log.

    changed: settings of the daemon that differ from those of `settings`.
    """
    with quiet_logs(folder / "log"):
        async with (
            running(config) as sandbox,
            running_daemon(sandbox, settings(sandbox, folder, **changed)) as harness,
        ):
            yield sandbox, harness


async def place_foreign(sandbox: RunningSandbox) -> None:
    """Place an order that is not ours on the same account, far from the market."""
    reply = await sandbox.rest_order("BUY", FOREIGN_PRICE, "0.001", newClientOrderId=FOREIGN_ID)
    assert reply.status == 200, reply.body


def open_ids(sandbox: RunningSandbox) -> set[str]:
    """Return the client ids of all open orders of the account."""
    orders = sandbox.server.venue.exchange.open_orders(sandbox.one.api_key)
    return {order.client_id for order in orders}
