"""Row about the process: memory, clock, ledger, reports of the venue, control API."""

from deploy.grafana.queries import OURS, latency, rate, value
from deploy.grafana.shapes import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Panel, Query, Row


def of_process(metric: str, legend: str, colour: str) -> Query:
    """Return a query of a metric of the library, joined with the symbol."""
    named = f"on (job, instance) group_left (symbol) quoter_build_info{{{OURS}}}"
    return Query(expression=f"{metric} * {named}", legend=legend, colour=colour)


HEALTH = Row(
    title="Is the process healthy?",
    panels=(
        Panel(
            title="Memory",
            description="Memory of the process, and the limit above which it ends, to be started "
            "again (0: no limit).",
            unit="bytes",
            width=8,
            queries=(
                of_process("quoter_process_resident_memory_bytes", "in use {{symbol}}", BLUE),
                value("quoter_memory_limit_bytes", "limit {{symbol}}", ORANGE),
            ),
        ),
        Panel(
            title="Clock",
            description="The venue's clock minus ours, and the maximum error of that. Above 1 s "
            "signed requests would be refused, so quoting pauses.",
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
            "Time that an order waited to be on disk before it was sent.",
        ),
        Panel(
            title="Orders of unknown state",
            description="Orders that were sent and had no answer, and the age of the oldest.",
            unit="short",
            width=8,
            queries=(
                value("quoter_unknown_orders", "orders {{symbol}}", RED),
                value("quoter_unknown_order_age_seconds", "oldest, s {{symbol}}", YELLOW),
            ),
        ),
        Panel(
            title="Age of the venue's reports",
            description="Time since the venue last reported its open orders, trades and balances, "
            "which our books are compared with.",
            unit="s",
            width=8,
            queries=(value("quoter_report_age_seconds", "{{report}} {{symbol}}"),),
        ),
        Panel(
            title="Requests to the control API",
            description="Answers per minute by status: 401 unknown token, 403 insufficient role, "
            "429 too many requests or locked out.",
            unit="cpm",
            width=8,
            queries=(rate("quoter_control_requests_total", "status", "{{status}}", scale="60 * "),),
        ),
        Panel(
            title="Age of the last kill drill",
            description="Time since `quoter drill` last passed; no data if it never did. Run it "
            "once a week on a testnet.",
            unit="s",
            width=8,
            queries=(value("quoter_last_drill_age_seconds", "{{symbol}}", BLUE),),
        ),
        Panel(
            title="API key rights verified",
            description="1 if the venue reported the rights of the key at the newest check, once "
            "an hour; 0 where it does not report them (every testnet): check them there.",
            unit="short",
            width=8,
            queries=(value("quoter_key_rights_verified", "{{symbol}}", GREEN),),
        ),
        Panel(
            title="Recording",
            description="1 while the run is recorded for `quoter replay` and `quoter report`; "
            "events that the recording lacks, per minute.",
            unit="short",
            width=8,
            queries=(
                value("quoter_recording_on", "on {{symbol}}", GREEN),
                rate("quoter_events_unrecorded_total", "symbol", "lost {{symbol}}", scale="60 * "),
            ),
        ),
        Panel(
            title="Hangs, lost log lines, threads, files, rate limit",
            description="Hangs of the event loop of 2 s or more and lost log lines, per minute; "
            "threads and open files of the process; used share of the venue's tightest rate limit.",
            unit="short",
            width=8,
            queries=(
                rate("quoter_loop_hangs_total", "symbol", "hangs {{symbol}}", scale="60 * "),
                rate("quoter_log_lines_dropped_total", "job", "lines {{job}}", scale="60 * "),
                value("quoter_threads", "threads {{symbol}}", GREEN),
                of_process("quoter_process_open_fds", "files {{symbol}}", GREY),
                value("quoter_message_budget_used_ratio", "rate limit {{symbol}}", ORANGE),
            ),
        ),
    ),
)
