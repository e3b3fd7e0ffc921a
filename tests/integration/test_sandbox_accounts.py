"""Several symbols and API keys at once: the balances of each account are exact."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.sandbox.config import Account, SandboxConfig, default_config
from quoter.sim import model_markets
from quoter.sim.messages import MarketSpec
from tests.integration.sandbox_client import (
    JsonValue,
    Row,
    RunningSandbox,
    UserSocket,
    eventually,
    running,
    user_socket,
)

ROUNDS = 6
SPREAD_TICKS = 8  # the two trade inside the spread of the background orders
MARKETS = tuple(  # the demo's four, at a mid that is a price
    replace(market, sigma=0.0, spread_ticks=SPREAD_TICKS, mid=market.mid - market.mid % market.tick)
    for market in model_markets.MARKETS
)


def config(*, lively: bool) -> SandboxConfig:
    """Return the four symbols of the demo, with or without trades of their own."""
    markets = tuple(replace(market, intensity=20.0 if lively else 0.0) for market in MARKETS)
    return replace(default_config(11), markets=markets)


def size_of(market: MarketSpec, number: int) -> Decimal:
    """Return a size of about thirty units of quote, different in every round."""
    lots = 30 / market.mid // market.lot + 1 + number
    return lots * market.lot


async def order(
    sandbox: RunningSandbox, account: Account, market: MarketSpec, name: str, **params: str
) -> Row:
    common = {"symbol": market.symbol, "newClientOrderId": name, "newOrderRespType": "RESULT"}
    reply = await sandbox.signed("POST", "order", common | params, account=account)
    assert reply.status == 200, reply.body
    return reply.row


async def trade(sandbox: RunningSandbox, market: MarketSpec) -> None:
    """Trade between the two accounts at the mid; the roles change from round to round."""
    pair = (("one", sandbox.one), ("two", sandbox.two))
    for number in range(ROUNDS):
        (maker_name, maker), (taker_name, taker) = pair if number % 2 else pair[::-1]
        sides = ("BUY", "SELL") if number % 3 else ("SELL", "BUY")
        size = size_of(market, number)
        terms = {"price": f"{market.mid:f}", "quantity": f"{size:f}"}
        label = f"{market.base}-{number}"
        rest = terms | {"side": sides[0], "type": "LIMIT_MAKER"}
        take = terms | {"side": sides[1], "type": "LIMIT", "timeInForce": "IOC"}
        await order(sandbox, maker, market, f"{maker_name}-{label}", **rest)
        taken = await order(sandbox, taker, market, f"{taker_name}-{label}", **take)
        assert Decimal(str(taken["executedQty"])) == size


async def truth(sandbox: RunningSandbox, account: Account) -> Row:
    return (await sandbox.admin("GET", f"truth?api_key={account.api_key}")).row


def rows(value: JsonValue) -> list[Row]:
    assert isinstance(value, list)
    return [row for row in value if isinstance(row, dict)]


def recomputed(answer: Row) -> dict[str, Decimal]:
    """Return opening balances plus executions, computed independently of the sandbox."""
    opening = answer["opening"]
    assert isinstance(opening, dict)
    total = defaultdict(Decimal, {asset: Decimal(str(held)) for asset, held in opening.items()})
    base_of = {market.symbol: market.base for market in MARKETS}
    for row in rows(answer["trades"]):
        sign = 1 if row["isBuyer"] else -1
        total[base_of[str(row["symbol"])]] += sign * Decimal(str(row["qty"]))
        total["USDT"] -= sign * Decimal(str(row["quoteQty"]))
        total[str(row["commissionAsset"])] -= Decimal(str(row["commission"]))
    return dict(total)


def held(answer: Row) -> dict[str, Decimal]:
    """Return free plus locked."""
    balances = answer["balances"]
    assert isinstance(balances, dict)
    return {
        asset: Decimal(str(row["free"])) + Decimal(str(row["locked"]))
        for asset, row in balances.items()
        if isinstance(row, dict)
    }


async def received(user: UserSocket) -> list[Row]:
    """Return all private events so far: an answer comes after all earlier events."""
    await user.ask("ping", signed=False)
    count = len(user.events)
    return [await user.event() for _ in range(count)]


def reports(events: Iterable[Row]) -> list[Row]:
    return [event for event in events if event["e"] == "executionReport"]


async def test_two_accounts_trade_with_each_other_on_every_symbol_at_once() -> None:
    async with (
        running(config(lively=False)) as sandbox,
        user_socket(sandbox, sandbox.one) as first,
        user_socket(sandbox, sandbox.two) as second,
    ):
        await asyncio.gather(*(trade(sandbox, market) for market in MARKETS))
        fees: defaultdict[str, Decimal] = defaultdict(Decimal)
        answers = []
        for name, account, user in (("one", sandbox.one, first), ("two", sandbox.two, second)):
            answer = await truth(sandbox, account)
            answers.append(answer)
            assert held(answer) == recomputed(answer)
            trades = rows(answer["trades"])
            assert len(trades) == ROUNDS * len(MARKETS)
            reported = reports(await received(user))
            assert {str(event["c"]).partition("-")[0] for event in reported} == {name}
            reported_trades = [event["t"] for event in reported if event["x"] == "TRADE"]
            assert sorted(map(str, reported_trades)) == sorted(str(row["id"]) for row in trades)
            for row in trades:
                fees[str(row["commissionAsset"])] += Decimal(str(row["commission"]))
    one, two = (held(answer) for answer in answers)
    brought = dict(sandbox.one.balances)
    for asset in one:
        assert one[asset] + two[asset] == 2 * brought[asset] - fees[asset], asset


async def test_balances_are_exact_with_other_trades() -> None:
    """Both have orders on both sides of all symbols until each is filled everywhere."""

    async def quote(name: str, account: Account, market: MarketSpec) -> None:
        for side, step in (("BUY", -1), ("SELL", 1)):
            terms = {
                "side": side,
                "type": "LIMIT_MAKER",
                "price": f"{market.mid + step * market.tick:f}",
                "quantity": f"{size_of(market, 0):f}",
            }
            await order(sandbox, account, market, f"{name}-{market.base}-{side}", **terms)

    async def eaten() -> bool:
        for account in (sandbox.one, sandbox.two):
            symbols = {row["symbol"] for row in rows((await truth(sandbox, account))["trades"])}
            if len(symbols) < len(MARKETS):
                return False
        return True

    async with (
        running(config(lively=True)) as sandbox,
        user_socket(sandbox, sandbox.one) as first,
        user_socket(sandbox, sandbox.two) as second,
    ):
        who = (("one", sandbox.one), ("two", sandbox.two))
        await asyncio.gather(*(quote(*one, market) for one in who for market in MARKETS))
        assert await eventually(eaten)
        for name, account, user in ((*who[0], first), (*who[1], second)):
            for market in MARKETS:
                await sandbox.signed("DELETE", "openOrders", account=account, symbol=market.symbol)
            answer = await truth(sandbox, account)
            assert held(answer) == recomputed(answer)
            assert answer["open_orders"] == []
            reported = reports(await received(user))
            names = {str(event["C"] or event["c"]).partition("-")[0] for event in reported}
            assert names == {name}
            ids = [str(event["t"]) for event in reported if event["x"] == "TRADE"]
            assert ids.count("-1") == 0
            assert sorted(ids) == sorted(str(row["id"]) for row in rows(answer["trades"]))


@pytest.mark.parametrize("mine", ["one", "two"])
async def test_one_socket_may_carry_two_accounts_and_numbers_their_events(mine: str) -> None:
    async with running(config(lively=False)) as sandbox, user_socket(sandbox) as user:
        user.account = sandbox.two
        answer = await user.ask("userDataStream.subscribe.signature")
        assert answer["result"] == {"subscriptionId": 1}
        account = sandbox.one if mine == "one" else sandbox.two
        await sandbox.rest_order("BUY", "59990.00", "0.001", account=account)
        await user.ask("ping", signed=False)
    numbers = {event["subscriptionId"] for event in user.events}
    assert numbers == {0 if mine == "one" else 1}
