"""The wire log of the sandbox: its numbers and its size."""

import tracemalloc

import pytest

from quoter.sandbox.exchange.wire_log import ENTRIES_MAX, WireLog

MIB = 1 << 20


def parameters(number: int) -> dict[str, str]:
    """Return the parameters of a create as ccxt sends it."""
    return dict(
        pair.split("=")
        for pair in (
            f"timestamp={1_796_044_828_000 + number}&symbol=BTCUSDT&side=SELL&type=LIMIT_MAKER"
            f"&newClientOrderId=q00mx3akvif{number:05d}&newOrderRespType=RESULT"
            f"&quantity=0.00{number:05d}&price=59{number:05d}.13&recvWindow=5000"
            f"&signature={number:064x}"
        ).split("&")
    )


@pytest.mark.slow
def test_the_newest_requests_are_kept_within_40_mib() -> None:
    log, extra = WireLog(), 1_000
    tracemalloc.start()
    try:
        for number in range(ENTRIES_MAX + extra):
            log.add(
                received_ns=number,
                transport="rest",
                operation="order.place",
                api_key="key",
                parameters=parameters(number),
            )
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 40 * MIB
    rows = log.since(0)
    assert len(rows) == ENTRIES_MAX
    assert (rows[0]["seq"], rows[-1]["seq"]) == (extra + 1, ENTRIES_MAX + extra)
    assert [row["seq"] for row in log.since(ENTRIES_MAX + extra - 1)] == [ENTRIES_MAX + extra]
