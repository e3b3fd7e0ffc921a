"""The measured latencies, and the buckets of their histograms."""

from enum import StrEnum

LATENCY_BUCKETS_S = (
    50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5,
)  # fmt: skip


class Latency(StrEnum):
    """A latency; the value is a part of its histogram's name."""

    BOOK_TO_DECISION = "book_to_decision"
    DECISION_TO_WIRE = "decision_to_wire"
    WIRE_TO_ACK = "wire_to_ack"
    CANCEL_TO_ANSWER = "cancel_to_answer"
    LOOP_LAG = "loop_lag"
    LEDGER_COMMIT = "ledger_commit"


LATENCY_HELP = {
    Latency.BOOK_TO_DECISION: "Time from receipt of a book message to the end of its step, s.",
    Latency.DECISION_TO_WIRE: "Time from receipt of the event that caused an order to sending its "
    "request, s.",
    Latency.WIRE_TO_ACK: "Time from sending an order to the venue's answer, or its time-out, s.",
    Latency.CANCEL_TO_ANSWER: "Time from a cancel leaving its queue to the venue's answer, s.",
    Latency.LOOP_LAG: "Delay of the event loop behind its schedule, s.",
    Latency.LEDGER_COMMIT: "Time an order waited for its ledger entry to be on disk, s.",
}
