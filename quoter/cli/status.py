"""What a daemon told of itself, for a person: what it does, why not more, and what lifts that."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from quoter.cli.daemon_client import Answer
from quoter.domain.number_text import plain

REARM = "to lift it: `quoter rearm` on its host, or with --token-file FILE (role risk)"
RESUME = 'to lift it: `quoter resume "WHY"` (role operator)'


def state_lines(told: Answer, details: Mapping[str, Answer] | None = None) -> Iterator[str]:
    """State, causes (since when, where `details` of /readyz know it), and the kill's id."""
    known = details or {}
    yield f"{told.get('trading_state')} ({told.get('phase')})"
    causes = told.get("causes")
    for cause, text in causes.items() if isinstance(causes, dict) else ():
        yield f"  {cause}: {text}{_since(known.get(cause, {}))}"
    if told.get("kill_id"):
        yield f"kill id: {told['kill_id']}"


def status_lines(told: Answer, details: Mapping[str, Answer]) -> Iterator[str]:
    """All that `quoter status` shows."""
    yield " ".join(str(told.get(name, "?")) for name in ("environment", "exchange", "symbol"))
    yield from state_lines(told, details)
    yield from _ways_out(told, details)
    held, orders, pnl = (told.get(name) for name in ("inventory", "orders", "pnl_quote"))
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
    if isinstance(pnl, Mapping):
        yield f"profit {_figure(pnl.get('total'))} quote"


def _ways_out(told: Answer, details: Mapping[str, Answer]) -> Iterator[str]:
    """The call that lifts what only a person lifts, and where to read before that."""
    latched = [one for one in details.values() if one.get("latched") is True]
    for runbook in dict.fromkeys(str(one.get("runbook")) for one in latched):
        yield f"read {runbook}"
    if told.get("trading_state") == "KILLED":
        yield REARM
    elif latched:
        yield RESUME


def _since(detail: Answer) -> str:
    try:
        since = datetime.fromisoformat(str(detail.get("since"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return f" (since {since:%Y-%m-%d %H:%M:%S} UTC)"


def _figure(told: object) -> str:
    """An exact amount, which comes as a text."""
    try:
        return plain(Decimal(str(told)))
    except InvalidOperation:
        return str(told)
