"""The sandbox answers REST as the venue does, and refuses in the venue's words."""

from tests.integration.sandbox_client import RunningSandbox


async def test_a_post_only_order_rests_and_can_be_cancelled(still_sandbox: RunningSandbox) -> None:
    placed = await still_sandbox.rest_order("BUY", "59990.00", "0.001", newClientOrderId="q1")
    assert placed.status == 200
    assert placed.row["clientOrderId"] == "q1"
    found = await still_sandbox.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="q1")
    assert (found.row["status"], found.row["executedQty"]) == ("NEW", "0.00000000")
    gone = await still_sandbox.signed("DELETE", "order", symbol="BTCUSDT", origClientOrderId="q1")
    assert (gone.row["status"], gone.row["origClientOrderId"]) == ("CANCELED", "q1")
    assert gone.row["clientOrderId"] != "q1"
    assert (await still_sandbox.signed("GET", "openOrders", symbol="BTCUSDT")).body == []
