"""How fast the quotes are, and how fresh what they are made of."""

from deploy.grafana.queries import latency, rate, value
from deploy.grafana.shapes import GREY, Panel, Row

SPEED = Row(
    title="How fast, how fresh",
    panels=(
        latency(
            "Book to decision",
            "quoter_book_to_decision_seconds",
            "From the receipt of a book message to the end of the engine's turn.",
        ),
        latency(
            "Decision to wire",
            "quoter_decision_to_wire_seconds",
            "From the end of the engine's turn to the request leaving us.",
        ),
        latency(
            "Wire to acknowledgement",
            "quoter_wire_to_ack_seconds",
            "From the request leaving us to the venue's answer: mostly network and venue.",
        ),
        latency(
            "Cancel to answer",
            "quoter_cancel_to_answer_seconds",
            "From a cancel leaving its queue to the venue's answer.",
        ),
        latency(
            "Loop lag",
            "quoter_loop_lag_seconds",
            "How late the event loop woke up: above a few milliseconds something blocks it.",
        ),
        Panel(
            title="Book age",
            description="Age of the last news of the book. A quiet market may be old and right: "
            "the feed is then confirmed by ping.",
            unit="s",
            width=8,
            queries=(value("quoter_book_age_seconds", "{{symbol}}"),),
        ),
        Panel(
            title="Streams lost, events waiting",
            description="Lost connections per minute, by stream, and events in the inbox that the "
            "engine has not heard yet.",
            unit="short",
            width=8,
            queries=(
                rate("quoter_feed_losses_total", "stream", "lost: {{stream}}", scale="60 * "),
                value("quoter_inbox_events", "waiting {{symbol}}", GREY),
            ),
        ),
    ),
)
