"""Is the process well: loop, clock, memory, disk, and what we know of the venue's truth."""

from deploy.grafana.queries import OURS, latency, rate, value
from deploy.grafana.shapes import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Panel, Query, Row


def of_process(metric: str, legend: str, colour: str) -> Query:
    """A metric of the library's own, which knows no symbol."""
    named = f"on (job, instance) group_left (symbol) quoter_build_info{{{OURS}}}"
    return Query(expression=f"{metric} * {named}", legend=legend, colour=colour)


HEALTH = Row(
    title="Is the process well",
    panels=(
        Panel(
            title="Memory",
            description="Memory of the process, and the bound beyond which it ends itself cleanly "
            "to be started again (0: none).",
            unit="bytes",
            width=8,
            queries=(
                of_process("quoter_process_resident_memory_bytes", "in use {{symbol}}", BLUE),
                value("quoter_memory_limit_bytes", "bound {{symbol}}", ORANGE),
            ),
        ),
        Panel(
            title="Clock",
            description="The venue's clock minus ours, and how wrong that may be. Beyond 1 s "
            "signed requests are refused, so we pause.",
            unit="s",
            width=8,
            queries=(
                value("quoter_clock_offset_seconds", "offset {{symbol}}", BLUE),
                value("quoter_clock_uncertainty_seconds", "uncertainty {{symbol}}", GREY),
            ),
        ),
        latency(
            "Ledger commit",
            "quoter_ledger_commit_seconds",
            "What an order waited for to be on the disk before it left.",
        ),
        Panel(
            title="Orders without an answer",
            description="Orders that we asked for and heard nothing of, and the age of the oldest.",
            unit="short",
            width=8,
            queries=(
                value("quoter_unknown_orders", "orders {{symbol}}", RED),
                value("quoter_unknown_order_age_seconds", "oldest, s {{symbol}}", YELLOW),
            ),
        ),
        Panel(
            title="Age of the venue's reports",
            description="Since the venue last told us its open orders, trades and balances, which "
            "our books are held against.",
            unit="s",
            width=8,
            queries=(value("quoter_report_age_seconds", "{{report}} {{symbol}}"),),
        ),
        Panel(
            title="Calls to the control API",
            description="Answers per minute by status: 401 is no token that is known here, 403 not "
            "his to ask for, 429 too often or locked out.",
            unit="cpm",
            width=8,
            queries=(rate("quoter_control_requests_total", "status", "{{status}}", scale="60 * "),),
        ),
        Panel(
            title="Since the last kill drill",
            description="Time since `quoter drill` last passed; no data if it never did. Once a "
            "week on a testnet is the habit to have.",
            unit="s",
            width=8,
            queries=(value("quoter_last_drill_age_seconds", "{{symbol}}", BLUE),),
        ),
        Panel(
            title="The key can only trade",
            description="1 if the venue itself said so within the last hour, 0 where it does not "
            "tell (every testnet): then look at the key's rights there yourself.",
            unit="short",
            width=8,
            queries=(value("quoter_key_rights_verified", "{{symbol}}", GREEN),),
        ),
        Panel(
            title="Hangs, lost log lines, threads, files, budget",
            description="Times that the loop came back after 2 s or more, and log lines that "
            "nobody took, per minute; threads and open files of the process; share of the venue's "
            "tightest rate limit that we use.",
            unit="short",
            width=8,
            queries=(
                rate("quoter_loop_hangs_total", "symbol", "hangs {{symbol}}", scale="60 * "),
                rate("quoter_log_lines_dropped_total", "job", "lines {{job}}", scale="60 * "),
                value("quoter_threads", "threads {{symbol}}", GREEN),
                of_process("quoter_process_open_fds", "files {{symbol}}", GREY),
                value("quoter_message_budget_used_ratio", "budget {{symbol}}", ORANGE),
            ),
        ),
    ),
)
