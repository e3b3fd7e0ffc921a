"""The lines of `quoter status`: state, causes, times and the command that clears them."""

from dataclasses import replace
from decimal import Decimal

from quoter.cli.daemon_client import Answer
from quoter.cli.status import status_lines
from quoter.domain.trading import Cause, TradingState
from quoter.service.http.cause_details import CauseTimes
from quoter.service.http.state_view import state_view
from tests.unit.telemetry.samples import snapshot

SINCE_NS = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC
ABOUT = {"environment": "sandbox", "exchange": "binance", "symbol": "BTC/USDT"}


def shown(state: TradingState, *causes: Cause, kill_id: str | None = None, **more: object) -> str:
    """Return the lines for a real state and its details."""
    found = dict.fromkeys(causes, "so it is")
    now = snapshot(trading_state=state, causes=found, **more)
    state_reply: Answer = {**state_view(now, about=ABOUT), "kill_id": kill_id}
    details: Answer = {**CauseTimes(SINCE_NS).details(found)}
    typed = {cause: detail for cause, detail in details.items() if isinstance(detail, dict)}
    return "\n".join(status_lines(state_reply, typed))


def test_each_cause_shows_since_when() -> None:
    text = shown(TradingState.PAUSED, Cause.OPERATOR_PAUSE)
    assert "\n  operator_pause: so it is (since 2023-11-14 22:13:20 UTC)\n" in text


def test_a_kill_shows_the_command_that_clears_it_and_the_runbook() -> None:
    text = shown(TradingState.KILLED, Cause.LOSS_LIMIT, kill_id="ab12")
    assert "kill id: ab12\n" in text
    read, lift = (
        text.index("read deploy/docs/runbook.md#causes-that-kill"),
        text.index("to clear it"),
    )
    assert read < lift
    assert "to clear it: `quoter rearm`" in text
    assert "quoter resume" not in text


def test_only_a_latched_pause_shows_the_command_that_clears_it() -> None:
    assert "to clear it: `quoter resume" in shown(TradingState.PAUSED, Cause.OPERATOR_PAUSE)
    assert "to clear it" not in shown(TradingState.PAUSED, Cause.BOOK_STALE)
    assert "to clear it" not in shown(TradingState.RUNNING)


def test_figures_have_no_exponent() -> None:
    tiny = Decimal("0E-8")
    order = replace(snapshot().orders[0], price=Decimal("1E-8"), size=Decimal("3E+3"))
    text = shown(
        TradingState.RUNNING,
        inventory=tiny,
        inventory_max=Decimal("1E-7"),
        exposure_buy=Decimal("2E+2"),
        exposure_sell=-tiny,
        orders=(order,),
        pnl=replace(snapshot().pnl, total=Decimal("-5E-9")),
    )
    assert "inventory 0 base, limit 0.0000001, worst case 0 to 200\n" in text
    assert f"\n  {order.side.value} 3000 0.00000001\n" in text
    assert text.endswith("profit -0.000000005 quote")


def test_no_edge_is_shown_while_it_lasts() -> None:
    for has_no_edge in (True, False):
        estimates = replace(snapshot().estimates, has_no_edge=has_no_edge)
        assert ("\nno edge: " in shown(TradingState.RUNNING, estimates=estimates)) is has_no_edge


def test_unexpected_json_is_shown_without_a_traceback() -> None:
    state_reply: Answer = {
        "trading_state": "PAUSED",
        "phase": "LIVE",
        "causes": [],
        "inventory": {"inventory_base": [], "limit_base": "1E+999999999"},
        "orders": [1, {"size": None}],
        "pnl_quote": {"total": "NaN"},
    }
    details: dict[str, Answer] = {"x": {"since": 5, "latched": 1}, "y": {"since": "0001-01-01"}}
    lines = list(status_lines(state_reply, details))
    assert lines[1] == "PAUSED (LIVE)"
    assert lines[-1] == "profit NaN quote"
