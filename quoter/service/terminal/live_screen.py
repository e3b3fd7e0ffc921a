"""The live screen: environment, trading state, order book, inventory, quote terms and profit."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import TracebackType
from typing import Self

from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from quoter.domain.events import Fill
from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.quotes import QuoteTerms
from quoter.domain.step import Snapshot, Step
from quoter.domain.trading import Regime, TradingState
from quoter.service.terminal.order_book_table import (
    SIDE_STYLES,
    order_book_table,
    price_text,
    signed_text,
)
from quoter.telemetry.redaction import clean

REFRESH_S = 0.25
PLAIN_S = 5.0
FILLS_SHOWN = 5
CAUSES_SHOWN = 4
BAR_CELLS = 41  # odd, so that the target has a cell of its own
ENVIRONMENT_STYLES = {
    "sandbox": "black on green",
    "paper": "black on green",
    "testnet": "black on yellow",
    "demo": "black on yellow",
}
PRODUCTION_STYLE = "white on red"
STATE_STYLES = {
    TradingState.RUNNING: "bold green",
    TradingState.REDUCE_ONLY: "bold yellow",
    TradingState.PAUSED: "bold yellow",
    TradingState.KILLED: "bold red",
}


class LiveScreen:
    """Shows a running engine: a live screen on a terminal, else one line every 5 s."""

    def __init__(self, about: Mapping[str, str], *, console: Console | None = None) -> None:
        self._about = about
        self._console = console or Console()
        self._fills: deque[Fill] = deque(maxlen=FILLS_SHOWN)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def observe(self, step: Step) -> None:
        """Keep the last fills, which a snapshot does not contain."""
        self._fills.extend(booked.fill for booked in step.booked)

    def show(self, snapshot: Snapshot) -> None:
        """Draw one snapshot."""
        if self._live is not None:
            self._live.update(render(snapshot, about=self._about, fills=self._fills), refresh=True)
        else:
            self._console.print(plain_line(snapshot), markup=False, highlight=False, soft_wrap=True)

    async def run(self, snapshot: Callable[[], Snapshot]) -> None:
        """Draw until cancelled."""
        with self:
            while True:
                self.show(snapshot())
                await asyncio.sleep(PLAIN_S if self._live is None else REFRESH_S)


def render(
    snapshot: Snapshot, *, about: Mapping[str, str], fills: Iterable[Fill] = ()
) -> RenderableType:
    """Return the screen of `snapshot`; `about` has environment, exchange and symbol."""
    left = Group(
        Panel(order_book_table(snapshot), title=about.get("symbol", "")),
        Panel(_pnl(snapshot), title="profit since start, in quote currency"),
    )
    counts = f"fills: {snapshot.fills_buy} buy, {snapshot.fills_sell} sell"
    right = Group(
        Panel(_inventory(snapshot), title="inventory, in base currency"),
        Panel(_terms(snapshot), title="quote terms"),
        Panel(_last_fills(fills), title=counts),
    )
    body = Table.grid(expand=True, padding=(0, 1))
    body.add_column(ratio=1, min_width=36)
    body.add_column(ratio=1, min_width=BAR_CELLS + 4)
    body.add_row(left, right)
    return Group(_banner(about), _status(snapshot), body)


def plain_line(snapshot: Snapshot) -> str:
    """Return one line for a log or a pipe."""
    clock = "--:--:--"  # before the first event
    if snapshot.ts_ns:
        clock = datetime.fromtimestamp(snapshot.ts_ns // 1_000_000_000, UTC).strftime("%H:%M:%S")
    terms = snapshot.quote.terms if snapshot.quote is not None else None
    fair, reservation = (terms.inputs.fair, terms.reservation_price) if terms else (None, None)
    parts = [
        clock,
        _state_name(snapshot),
        f"fair {price_text(fair, snapshot)}",
        f"r {price_text(reservation, snapshot)}",
        f"bid {_best(snapshot, Side.BUY)}",
        f"ask {_best(snapshot, Side.SELL)}",
        f"inventory {signed_text(snapshot.inventory)} of {plain(snapshot.inventory_max)}",
        f"fills {snapshot.fills_buy}/{snapshot.fills_sell}",
        f"pnl {snapshot.pnl.total:+.4f}",
    ]
    return "  ".join(parts + [f"{cause}: {clean(text)}" for cause, text in snapshot.causes.items()])


def _banner(about: Mapping[str, str]) -> RenderableType:
    environment = about.get("environment", "?")
    style = ENVIRONMENT_STYLES.get(environment, PRODUCTION_STYLE)
    letters = Text(" ".join(environment.upper()), style=f"bold {style}")
    where = Text(f"quoter on {about.get('exchange', '?')}", style=style)
    return Align.center(Group(Align.center(letters), Align.center(where)), style=style)


def _status(snapshot: Snapshot) -> RenderableType:
    lines = [Text(_state_name(snapshot), style=STATE_STYLES[snapshot.trading_state])]
    lines[0].append(f"   book {_book(snapshot)}", style="dim")
    if snapshot.regime.level is not Regime.NORMAL:
        name, text = snapshot.regime.level.name, snapshot.regime.text
        lines.append(Text(f"market {name}: {text}", style="yellow"))
    causes = list(snapshot.causes.items())
    lines += [
        Text(f"{cause}: {clean(text)}", style="yellow") for cause, text in causes[:CAUSES_SHOWN]
    ]
    if len(causes) > CAUSES_SHOWN:
        lines.append(Text(f"and {len(causes) - CAUSES_SHOWN} more", style="yellow"))
    return Group(*lines)


def _state_name(snapshot: Snapshot) -> str:
    return f"{snapshot.phase.value} {snapshot.trading_state.name}"


def _book(snapshot: Snapshot) -> str:
    if not snapshot.book_ready:
        return "not ready"
    return f"{(snapshot.ts_ns - snapshot.book_ts_ns) / 1e6:.0f} ms old"


def _inventory(snapshot: Snapshot) -> RenderableType:
    limit = plain(snapshot.inventory_max)
    figures = Text(
        f"{signed_text(snapshot.inventory)}  (position {plain(snapshot.position)}, "
        f"target {plain(snapshot.target)})"
    )
    reach = Text(
        f"if all orders fill: {signed_text(snapshot.exposure_sell)} to "
        f"{signed_text(snapshot.exposure_buy)}, limit ±{limit}",
        style="dim",
    )
    return Group(Text(inventory_bar(snapshot)), figures, reach)


def inventory_bar(snapshot: Snapshot) -> str:
    """Return cells from -limit to +limit: `█` held, `░` what open orders can add, `│` target."""
    middle = BAR_CELLS // 2

    def cell(amount: Decimal) -> int:
        share = float(amount / snapshot.inventory_max) if snapshot.inventory_max else 0.0
        return middle + round(max(-1.0, min(1.0, share)) * middle)

    held = cell(snapshot.inventory)
    low, high = cell(snapshot.exposure_sell), cell(snapshot.exposure_buy)
    cells = []
    for at in range(BAR_CELLS):
        if at == middle:
            cells.append("│")
        elif min(held, middle) <= at <= max(held, middle):
            cells.append("█")
        else:
            cells.append("░" if low <= at <= high else "·")
    return "".join(cells)


def _terms(snapshot: Snapshot) -> RenderableType:
    quote = snapshot.quote
    if quote is None:
        return Text("no quote computed yet", style="dim")
    off = [
        Text(f"no {side.side.lower()}: {side.reason.value}", style="yellow") for side in quote.off
    ]
    if quote.terms is None:
        return Group(*off)
    grid = Table.grid(padding=(0, 2))
    for name, amount, bps in _term_rows(quote.terms, snapshot):
        grid.add_row(name, Text(amount, justify="right"), Text(bps, style="dim", justify="right"))
    clamps = [Text(f"clamped: {clamp.name}", style="yellow") for clamp in quote.terms.clamps]
    return Group(grid, *off, *clamps)


def _term_rows(terms: QuoteTerms, snapshot: Snapshot) -> list[tuple[str, str, str]]:
    inputs = terms.inputs
    distances = (
        ("− skew", (-terms.skew,)),
        ("half-spread", (terms.half_spread,)),
        ("widening bid, ask", (terms.widening_bid, terms.widening_ask)),
        ("cost bid, ask", (inputs.cost_bid, inputs.cost_ask)),
        ("sigma /√s, depth 1/k", (inputs.sigma, 1 / inputs.kappa)),
    )
    rows = [
        ("fair value", price_text(inputs.fair, snapshot), ""),
        ("reservation price", price_text(terms.reservation_price, snapshot), ""),
    ]
    for name, values in distances:
        bps = " ".join(f"{value / inputs.fair * 1e4:+.3f}" for value in values)
        rows.append((name, " ".join(f"{value:+.4g}" for value in values), f"{bps} bps"))
    rows.append(("A, fills/s", f"{inputs.intensity:.4g}", ""))
    rows.append(("inventory, lots", f"{inputs.lots:+.3g} of {inputs.lots_max:g}", ""))
    return rows


def _pnl(snapshot: Snapshot) -> RenderableType:
    pnl = snapshot.pnl
    grid = Table.grid(padding=(0, 2))
    grid.add_row("total", "spread", "inventory", "fees")
    grid.add_row(
        Text(f"{pnl.total:+.4f}", style="bold green" if pnl.total >= 0 else "bold red"),
        f"{pnl.spread:+.4f}",
        f"{pnl.inventory:+.4f}",
        f"{0 - pnl.fees:+.4f}",
    )
    return grid


def _last_fills(fills: Iterable[Fill]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for fill in reversed(list(fills)):
        clock = datetime.fromtimestamp(fill.ts_ns // 1_000_000_000, UTC).strftime("%H:%M:%S")
        side = Text(fill.side.value, style=SIDE_STYLES[fill.side])
        grid.add_row(clock, side, plain(fill.size), plain(fill.price))
    return grid if grid.row_count else Text("no fills yet", style="dim")


def _best(snapshot: Snapshot, side: Side) -> str:
    """Return our best price of a side; without orders (dry run) that of the computed quote."""
    prices = [order.price for order in snapshot.orders if order.side is side]
    if not prices and snapshot.quote is not None:
        wanted = snapshot.quote.bids if side is Side.BUY else snapshot.quote.asks
        prices = [quote.price for quote in wanted]
    return f"{(max if side is Side.BUY else min)(prices):f}" if prices else "-"
