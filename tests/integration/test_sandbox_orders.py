"""Market orders for an amount of money, conditional cancels, and the filters of orders."""

from dataclasses import replace

import pytest

from quoter.sandbox.config import SandboxConfig
from quoter.sandbox.protocol.filters import ORDERS_OPEN_MAX
from tests.integration.sandbox_client import Reply, RunningSandbox, running


async def market(sandbox: RunningSandbox, side: str, **more: str) -> Reply:
    """Place a market order."""
    order = {"symbol": "BTCUSDT", "side": side, "type": "MARKET"}
    return await sandbox.signed("POST", "order", order | more)


async def free(sandbox: RunningSandbox) -> dict[str, float]:
    """Return the free balances."""
    rows = (await sandbox.signed("GET", "account")).row["balances"]
    assert isinstance(rows, list)
    return {str(row["asset"]): float(str(row["free"])) for row in rows if isinstance(row, dict)}


async def test_a_market_order_spends_or_receives_an_amount_of_money(
    still_sandbox: RunningSandbox,
) -> None:
    """As near to it from below as whole lots allow."""
    lot_value = 0.00001 * 60_100
    for side in ("BUY", "SELL"):
        before = await free(still_sandbox)
        done = await market(still_sandbox, side, quoteOrderQty="1000")
        assert done.row["status"] == "FILLED"
        assert done.row["origQuoteOrderQty"] == "1000.00000000"
        assert done.row["origQty"] == done.row["executedQty"]
        spent = float(str(done.row["cummulativeQuoteQty"]))
        assert 1_000 - lot_value < spent <= 1_000
        moved = abs((await free(still_sandbox))["USDT"] - before["USDT"])
        assert abs(moved - spent) <= 0.0011 * spent


async def test_an_amount_of_money_does_not_meet_the_accounts_own_orders(
    still_sandbox: RunningSandbox,
) -> None:
    """They expire (the default), so the size comes from the levels behind them."""
    own = await still_sandbox.rest_order("SELL", "60000.50", "0.01")
    done = await market(still_sandbox, "BUY", quoteOrderQty="300")
    assert done.row["status"] == "FILLED"
    fills = done.row["fills"]
    assert isinstance(fills, list)
    assert all(float(str(fill["price"])) > 60_000.5 for fill in fills if isinstance(fill, dict))
    found = await still_sandbox.signed(
        "GET", "order", symbol="BTCUSDT", orderId=str(own.row["orderId"])
    )
    assert found.row["status"] == "EXPIRED_IN_MATCH"


async def test_wrong_amounts_of_money_are_refused(still_sandbox: RunningSandbox) -> None:
    both = await market(still_sandbox, "BUY", quoteOrderQty="100", quantity="0.001")
    assert both.code == -1128
    assert (await market(still_sandbox, "BUY")).code == -1102
    small = await market(still_sandbox, "BUY", quoteOrderQty="4.99")
    assert (small.code, small.row["msg"]) == (-1013, "Filter failure: NOTIONAL")
    least = await market(still_sandbox, "BUY", quoteOrderQty="5")
    assert least.row["status"] == "FILLED"
    limit = await still_sandbox.rest_order("BUY", "59990.00", "0.001", quoteOrderQty="100")
    assert limit.code == -1106
    rich = await market(still_sandbox, "BUY", quoteOrderQty="8000000")
    assert (rich.code, rich.row["msg"]) == (
        -2010,
        "Account has insufficient balance for requested action.",
    )


async def test_an_order_for_more_money_than_the_book_holds_expires(
    still_sandbox: RunningSandbox,
) -> None:
    book = (await still_sandbox.get("depth", symbol="BTCUSDT", limit=5000)).row["asks"]
    assert isinstance(book, list)
    rows = [row for row in book if isinstance(row, list)]
    whole = sum(float(str(row[0])) * float(str(row[1])) for row in rows)
    done = await market(still_sandbox, "BUY", quoteOrderQty=f"{whole + 1_000:.2f}")
    assert done.row["status"] == "EXPIRED"
    assert float(str(done.row["cummulativeQuoteQty"])) == pytest.approx(whole)
    assert float(str(done.row["origQty"])) > float(str(done.row["executedQty"]))


async def test_a_cancel_may_depend_on_the_state_of_the_order(
    still_sandbox: RunningSandbox,
) -> None:
    await still_sandbox.rest_order("SELL", "60000.50", "0.01", newClientOrderId="part")

    async def cancel(restriction: str) -> Reply:
        params = {"symbol": "BTCUSDT", "origClientOrderId": "part"}
        return await still_sandbox.signed(
            "DELETE", "order", params | {"cancelRestrictions": restriction}
        )

    refused = (-2011, "Order was not canceled due to cancel restrictions.")
    early = await cancel("ONLY_PARTIALLY_FILLED")
    assert (early.code, early.row["msg"]) == refused
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.004"}
    await still_sandbox.signed("POST", "order", order, account=still_sandbox.two)
    late = await cancel("ONLY_NEW")
    assert (late.code, late.row["msg"]) == refused
    assert (await cancel("SOMETIMES")).code == -1130
    assert (await cancel("ONLY_PARTIALLY_FILLED")).row["status"] == "CANCELED"
    assert (await cancel("ONLY_NEW")).row["msg"] == "Unknown order sent."


async def test_a_price_far_from_the_average_is_refused(still_sandbox: RunningSandbox) -> None:
    refused = (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE")
    for side, price in (("BUY", "11999.99"), ("SELL", "300000.01")):
        reply = await still_sandbox.rest_order(side, price, "0.001")
        assert (reply.code, reply.row["msg"]) == refused
    for side, price in (("BUY", "12000.00"), ("SELL", "300000.00")):
        assert (await still_sandbox.rest_order(side, price, "0.001")).status == 200


async def test_the_number_of_open_orders_of_a_symbol_is_bounded(
    still_config: SandboxConfig,
) -> None:
    async with running(replace(still_config, seed=1)) as sandbox:
        for number in range(ORDERS_OPEN_MAX):
            price = f"{50_000 + number}.00"
            assert (await sandbox.rest_order("BUY", price, "0.0001")).status == 200
        more = await sandbox.rest_order("BUY", "49000.00", "0.0002")
        assert (more.code, more.row["msg"]) == (-2010, "Filter failure: MAX_NUM_ORDERS")
        assert (await market(sandbox, "BUY", quantity="0.001")).row["status"] == "FILLED"
        await sandbox.signed("DELETE", "openOrders", symbol="BTCUSDT")
        assert (await sandbox.rest_order("BUY", "49000.00", "0.0002")).status == 200
