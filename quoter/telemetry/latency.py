"""The stretches of time that are measured, and how finely."""

from enum import StrEnum

LATENCY_BUCKETS_S = (
    50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5,
)  # fmt: skip


class Latency(StrEnum):
    """The stretches of time that we measure."""

    BOOK_TO_DECISION = "book_to_decision"
    DECISION_TO_WIRE = "decision_to_wire"
    WIRE_TO_ACK = "wire_to_ack"
    CANCEL_TO_ANSWER = "cancel_to_answer"
    LOOP_LAG = "loop_lag"
    LEDGER_COMMIT = "ledger_commit"


LATENCY_HELP = {
    Latency.BOOK_TO_DECISION: "Receipt of a book message to the end of the engine's turn, seconds.",
    Latency.DECISION_TO_WIRE: "End of the engine's turn to the request leaving us, seconds.",
    Latency.WIRE_TO_ACK: "Request leaving us to the venue's answer, seconds.",
    Latency.CANCEL_TO_ANSWER: "A cancel leaving its queue to the venue's answer, seconds.",
    Latency.LOOP_LAG: "How late the event loop woke up, seconds.",
    Latency.LEDGER_COMMIT: "What an order waited for to be on the disk, seconds.",
}
