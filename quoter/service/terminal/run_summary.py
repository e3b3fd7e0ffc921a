"""The account at the end of a run at a simulated exchange, as a table or as JSON."""

import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from quoter.domain.step import Snapshot
from quoter.engine.run_statistics import RunStatistics
from quoter.service.exit_codes import ExitCode
from quoter.sim.truth import Truth

TROUBLE = re.compile(r'"level": ?"(error|critical)"')
TROUBLE_LINES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """The figures of one run; names and units as `--json` prints them."""

    fills_buy: int
    fills_sell: int
    two_sided_share: float
    inventory_min_base: float
    inventory_max_base: float
    inventory_limit_base: float
    ledger_equals_truth: bool
    own_orders_left: int
    pnl_quote: dict[str, float]


def run_summary(
    snapshot: Snapshot, statistics: RunStatistics, truth: Truth, own_prefix: str
) -> RunSummary:
    """Return the summary of a run.

    `truth`: the exchange's balances and open orders; the ledger must equal the balances exactly.
    `own_prefix`: prefix of our client ids.
    """
    pnl = snapshot.pnl
    left = [name for name in truth.open_client_ids if name.startswith(own_prefix)]
    return RunSummary(
        fills_buy=snapshot.fills_buy,
        fills_sell=snapshot.fills_sell,
        two_sided_share=round(statistics.two_sided_share, 4),
        inventory_min_base=float(statistics.inventory_min),
        inventory_max_base=float(statistics.inventory_max),
        inventory_limit_base=float(snapshot.inventory_max),
        ledger_equals_truth=dict(snapshot.balances) == truth.totals,
        own_orders_left=len(left),
        pnl_quote={
            "total": float(pnl.total),
            "spread": float(pnl.spread),
            "inventory": float(pnl.inventory),
            "fees": float(pnl.fees),
        },
    )


def print_summary(console: Console, summary: RunSummary, last: Snapshot, truth: Truth) -> None:
    """Print the account at the end of a run as a table."""
    table = Table(title="the run", show_header=False, title_justify="left")
    pnl = summary.pnl_quote
    table.add_row("fills", f"{summary.fills_buy} buys, {summary.fills_sell} sells")
    table.add_row("two-sided", f"{summary.two_sided_share:.1%} of the time after warm-up")
    low, high = summary.inventory_min_base, summary.inventory_max_base
    limit = summary.inventory_limit_base
    table.add_row("inventory, base", f"{low:+.5f} to {high:+.5f}, limit ±{limit:g}")
    parts = f"spread {pnl['spread']:+.4f}, inventory {pnl['inventory']:+.4f}"
    table.add_row("profit, quote", f"{pnl['total']:+.4f} = {parts}, fees {0.0 - pnl['fees']:+.4f}")
    for asset in sorted(truth.totals):
        ours, theirs = last.balances.get(asset), truth.totals[asset]
        if ours != theirs:
            table.add_row(
                f"ledger {asset}",
                f"ours {ours}, the exchange's {theirs}",
                style="red",
            )
    verdict = "equals the exchange's, every asset" if summary.ledger_equals_truth else "DIFFERS"
    table.add_row("our ledger", verdict)
    table.add_row("own orders left", str(summary.own_orders_left))
    console.print(table)


def print_trouble(console: Console, code: ExitCode, log_path: Path) -> None:
    """Print the last errors of the log, a JSON line each."""
    console.print(f"the daemon ended with exit code {int(code)} ({code.name})", style="red")
    with log_path.open() as lines:
        for line in deque((line for line in lines if TROUBLE.search(line)), TROUBLE_LINES_MAX):
            console.print(line.rstrip(), markup=False, highlight=False)
