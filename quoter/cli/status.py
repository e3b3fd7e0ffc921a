"""The text of `quoter status`: state, causes, and the command that clears them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from quoter.cli.daemon_client import Answer
from quoter.domain.number_text import plain

REARM = "to clear it: `quoter rearm` on its host, or with --token-file FILE (role risk)"
RESUME = (
    'to clear it: `quoter resume "REASON"` (role operator; on its host without a token, by a file)'
)


def state_lines(state: Answer, details: Mapping[str, Answer] | None = None) -> Iterator[str]:
    """Yield the trading state, its causes and the kill id.

    `details`: of /readyz, by cause; they add the times of the causes.
    """
    known = details or {}
    yield f"{state.get('trading_state')} ({state.get('phase')})"
    causes = state.get("causes")
    for cause, text in causes.items() if isinstance(causes, dict) else ():
        yield f"  {cause}: {text}{_since(known.get(cause, {}))}"
    if state.get("kill_id"):
        yield f"kill id: {state['kill_id']}"


def status_lines(state: Answer, details: Mapping[str, Answer]) -> Iterator[str]:
    """Yield the lines of `quoter status`."""
    yield " ".join(str(state.get(name, "?")) for name in ("environment", "exchange", "symbol"))
    yield from state_lines(state, details)
    yield from _how_to_clear(state, details)
    held, orders, pnl = (state.get(name) for name in ("inventory", "orders", "pnl_quote"))
    if isinstance(held, Mapping):
        yield (
            f"inventory {_figure(held.get('inventory_base'))} base, "
            f"limit {_figure(held.get('limit_base'))}, "
            f"worst case {_figure(held.get('exposure_sell_base'))} "
            f"to {_figure(held.get('exposure_buy_base'))}"
        )
    if isinstance(orders, list):
        yield f"orders {len(orders)}"
        for one in orders:
            if isinstance(one, Mapping):
                size, price = _figure(one.get("size")), _figure(one.get("price"))
                yield f"  {one.get('side')} {size} {price}"
    yield from _edge(state.get("estimates"))
    if isinstance(pnl, Mapping):
        yield f"profit {_figure(pnl.get('total'))} quote"


def _edge(estimates: object) -> Iterator[str]:
    """Yield a warning while simulated fills lose at each distance."""
    if isinstance(estimates, Mapping) and estimates.get("has_no_edge") is True:
        yield "no edge: simulated fills lose after the fee at each distance from the mid (no_edge)"


def _how_to_clear(state: Answer, details: Mapping[str, Answer]) -> Iterator[str]:
    """Yield the runbook entries of latched causes, then the command that clears them."""
    latched = [one for one in details.values() if one.get("latched") is True]
    for runbook in dict.fromkeys(str(one.get("runbook")) for one in latched):
        yield f"read {runbook}"
    if state.get("trading_state") == "KILLED":
        yield REARM
    elif latched:
        yield RESUME


def _since(detail: Answer) -> str:
    try:
        since = datetime.fromisoformat(str(detail.get("since"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return f" (since {since:%Y-%m-%d %H:%M:%S} UTC)"


def _figure(state: object) -> str:
    """Return an amount, given as text, in plain notation."""
    try:
        return plain(Decimal(str(state)))
    except InvalidOperation:
        return str(state)
