"""A quote explained: offline, and from a running daemon."""

import asyncio
import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from quoter.domain.errors import InvalidInput
from quoter.pricing.shape import QuoteShape
from quoter.service.explanation import Market, NoAnswer, explain_live, explain_market
from quoter.service.http import Pages, Sources, serve, stop
from tests.unit.telemetry.samples import QUOTE, empty, snapshot

MARKET = Market(
    mid=60_000,
    sigma_bps=1.4,
    depth_bps=1.1,
    intensity=0.3,
    inventory=0.02,
    order_size=0.005,
    inventory_max=0.05,
    gamma=1,
    fee_bps=0,
    adverse_bps=0,
    tau_s=None,
)


def text(what: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=140, color_system=None)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def figure(shown: str, name: str) -> float:
    rows = [[cell.strip() for cell in line.split("│")] for line in shown.splitlines()]
    (value,) = [row[2] for row in rows if row[1:2] == [name]]
    return float(value)


def test_units_are_what_the_options_say() -> None:
    shown = text(explain_market(MARKET, QuoteShape()))
    assert figure(shown, "sigma") == pytest.approx(8.4)
    assert figure(shown, "depth") == pytest.approx(6.6)
    assert figure(shown, "lots") == 4


def test_long_lowers_and_short_raises_the_reservation_price() -> None:
    long = text(explain_market(MARKET, QuoteShape()))
    short = text(explain_market(replace(MARKET, inventory=-0.02), QuoteShape()))
    assert figure(long, "reservation_price") < 60_000 < figure(short, "reservation_price")


def test_a_gamma_that_saturates_is_warned_about() -> None:
    assert "changes nothing" in text(explain_market(replace(MARKET, gamma=1e3), QuoteShape()))


@pytest.mark.parametrize("name", ["mid", "depth_bps", "order_size", "sigma_bps", "intensity"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_number_outside_its_domain_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidInput):
        explain_market(replace(MARKET, **{name: value}), QuoteShape())


async def live(**changes: object) -> str:
    sources = Sources(
        snapshot=lambda: snapshot(**changes),
        metrics=lambda _seen: b"",
        is_alive=lambda: True,
        about={"environment": "sandbox", "symbol": "BTC/USDT"},
    )
    runner, port = await serve(Pages(sources), host="127.0.0.1", port=0)
    try:
        return text(await asyncio.to_thread(explain_live, "127.0.0.1", port))
    finally:
        await stop(runner)


async def test_a_running_daemon_explains_itself() -> None:
    shown = await live()
    assert "requote_hold_s" in shown
    assert "BTC/USDT (sandbox)" in shown
    assert figure(shown, "reservation_price") == 59_999


async def test_a_daemon_without_a_quote_says_its_state() -> None:
    with pytest.raises(NoAnswer, match="no quote at the moment: RUNNING"):
        await live(quote=empty().quote)
    with pytest.raises(NoAnswer, match="no quote at the moment"):
        await live(quote=replace(QUOTE, terms=None))


def test_nobody_there_is_said() -> None:
    with pytest.raises(NoAnswer, match="no daemon answers at"):
        explain_live("127.0.0.1", 1)
