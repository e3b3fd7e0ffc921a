"""Row about latencies and the age of the market data."""

from deploy.grafana.queries import latency, rate, value
from deploy.grafana.shapes import GREY, Panel, Row

SPEED = Row(
    title="How fast, and how fresh is the data?",
    panels=(
        latency(
            "Book to decision",
            "quoter_book_to_decision_seconds",
            "From the receipt of a book message to the end of its engine step.",
        ),
        latency(
            "Decision to wire",
            "quoter_decision_to_wire_seconds",
            "From the receipt of the event that an order was decided on to sending its request.",
        ),
        latency(
            "Wire to acknowledgement",
            "quoter_wire_to_ack_seconds",
            "From sending an order to the venue's answer: mostly network and venue.",
        ),
        latency(
            "Cancel to answer",
            "quoter_cancel_to_answer_seconds",
            "From a cancel leaving its queue to the venue's answer.",
        ),
        latency(
            "Loop lag",
            "quoter_loop_lag_seconds",
            "Delay of the event loop. Above a few milliseconds something blocks it.",
        ),
        Panel(
            title="Book age",
            description="Time since the last book update or confirmation. In a quiet market the "
            "venue's best prices are requested; the book is confirmed when they agree with it. "
            "Above QUOTER_BOOK_STALE_S quoting pauses.",
            unit="s",
            width=8,
            queries=(value("quoter_book_age_seconds", "{{symbol}}"),),
        ),
        Panel(
            title="Lost streams, rejected messages, waiting events",
            description="Per minute: lost connections by stream, and market data messages that "
            "were not used, by reason. Also events in the inbox that the engine has not handled.",
            unit="short",
            width=8,
            queries=(
                rate("quoter_feed_losses_total", "stream", "lost: {{stream}}", scale="60 * "),
                rate("quoter_feed_rejected_total", "reason", "{{reason}}", scale="60 * "),
                value("quoter_inbox_events", "waiting {{symbol}}", GREY),
            ),
        ),
    ),
)
