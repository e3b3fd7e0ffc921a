"""Single faults during trading: limits hold, and balances are right afterwards."""

import asyncio
import time
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from quoter.domain.market import Side
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import (
    FOREIGN_PRICE,
    LIVELY,
    POLL_S,
    market,
    place_foreign,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.fault_cases import (
    FAULT_S,
    Case,
    Outcome,
    case,
    forgotten,
    judge,
    recover,
    together,
)
from tests.integration.sandbox_client import END_S, RunningSandbox, running

LISTS_S = 8.0  # lists are requested every few seconds
ANSWERS = (
    case("accept_drop_response", endpoint="create", probability=0.5),
    case("delay", endpoint="create", delay_s=1.5, probability=0.5),
    case("delay cancel", kind="delay", endpoint="cancel", delay_s=1.0),
    case("late answer", kind="delay", endpoint="create", delay_after_s=1.0, probability=0.5),
    case("error_after_accept", endpoint="create", probability=0.5),
    case(
        "error_after_accept -1007",
        kind="error_after_accept",
        endpoint="create",
        status=504,
        code=-1007,
        probability=0.5,
    ),
)
CANCELS_AND_LISTS = (
    case("error_before cancel", kind="error_before", endpoint="cancel"),
    case("drop cancel answer", kind="accept_drop_response", endpoint="cancel"),
    together(
        case("order_not_found", lag_s=3.0),
        case("lost answers", kind="accept_drop_response", endpoint="create"),
        case("lost news", kind="user_event_drop"),
        case("refused cancels", kind="error_before", endpoint="cancel", probability=0.7),
    ),
    together(
        case("trades_lag", lag_s=3.0), case("lost TRADE", kind="user_event_drop", event="TRADE")
    ),
    case("depth_gap", probability=0.2),
    case("close_socket market", kind="close_socket", socket="market"),
)
PRIVATE = (
    case("user_event_drop", probability=0.5),
    case("user_event_drop TRADE", kind="user_event_drop", event="TRADE"),
    case("user_event_duplicate"),
    case("user_event_delay", delay_s=1.0, probability=0.5),
    case("silent_socket user", kind="silent_socket", socket="user"),
    case("close_socket user", kind="close_socket", socket="user"),
)
# Lists of orders and trades that are not the present ones.
LISTS = tuple(
    together(
        case(f"{kind} {endpoint}", kind=kind, endpoint=endpoint, lasts_s=LISTS_S),
        case("lost TRADE", kind="user_event_drop", event="TRADE"),  # fills come from lists only
    )
    for kind in ("list_old", "list_half", "list_foreign")
    for endpoint in ("open_orders", "trades")
)
RECONNECTED = case("close_socket", socket="user")  # after it balances are requested
# Answers that can't be used: never whole, too large, or with something else in place of a number.
BODIES = (
    *(
        case(f"body_slow {endpoint}", kind="body_slow", endpoint=endpoint, delay_s=0.5)
        for endpoint in ("create", "cancel", "open_orders")
    ),
    together(
        case("body_slow account", kind="body_slow", endpoint="account", delay_s=0.5), RECONNECTED
    ),
    *(
        case(f"body_huge {endpoint}", kind="body_huge", endpoint=endpoint, lasts_s=LISTS_S)
        for endpoint in ("create", "open_orders")
    ),
    together(
        case("field_value NaN", kind="field_value", endpoint="account", text="free", value="NaN"),
        RECONNECTED,
    ),
    case("field_absent", endpoint="create", text="orderId", probability=0.5),
    case("field_value list", kind="field_value", endpoint="open_orders", text="price", value=[]),
)
MARKET_DATA = (
    case("one_sided_book", event="bids"),
    case("one_sided_book both", kind="one_sided_book"),
    together(
        case("snapshot_ids_shifted", shift=10**9),
        case("close_socket", socket="market"),  # it is not requested before a book is lost
    ),
    case("depth_ids_shifted", shift=10**9),
    case("market_frames_drop"),
    case("market_frames_unreadable", text="<html>"),
    together(
        case("page_before", text="<html>maintenance</html>"),
        case("close_socket"),
        case("refuse_socket"),
    ),
)
# Cases that take long: orders that wait for the fence time, and silent streams.
SLOW = (
    case("error_before", endpoint="create", probability=0.5),
    case("reset_before", endpoint="create", probability=0.5),
    case("silent_socket both", kind="silent_socket", lasts_s=10.0),
    case("silent_socket market", kind="silent_socket", socket="market"),
    case("rate_limit_429", probability=0.3, retry_after_s=2),
    case("ban_418", count=1, retry_after_s=2),
)


async def trade_of_another_account(sandbox: RunningSandbox) -> None:
    """Give the account, whose lists `list_foreign` answers with, an order and a trade."""
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    assert (await sandbox.signed("POST", "order", order, account=sandbox.two)).status == 200
    reply = await sandbox.rest_order("BUY", FOREIGN_PRICE, "0.001", account=sandbox.two)
    assert reply.status == 200, reply.body


async def strike(case: Case, folder: Path, seed: int) -> Outcome:
    """Trade, inject the faults, recover, stop."""
    async with running(market(LIVELY, seed)) as sandbox:
        await place_foreign(sandbox)
        await trade_of_another_account(sandbox)
        async with running_daemon(sandbox, settings(sandbox, folder)) as harness:
            await harness.until(harness.is_two_sided, f"{case.name}: first quotes")
            numbers = [await sandbox.arm(kind, **how) for kind, how in case.faults]
            await asyncio.sleep(case.lasts_s)
            end_s = time.monotonic() + END_S  # a daemon that is paused sends few requests
            while not (fired := min([await sandbox.fired(number) for number in numbers])):
                assert time.monotonic() < end_s, f"{case.name} did not fire"
                await asyncio.sleep(POLL_S)
            await sandbox.admin("DELETE", "faults")
            outcome = await recover(harness, name=case.name, fired=fired)
            await judge(harness, outcome)
            return outcome


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(ANSWERS, id="late_and_lost_answers"),
        pytest.param(CANCELS_AND_LISTS, id="cancels_lists_and_the_market_stream"),
        pytest.param(PRIVATE, id="private_stream"),
        pytest.param(LISTS, id="old_half_and_foreign_lists"),
        pytest.param(BODIES, id="unusable_answers"),
        pytest.param(MARKET_DATA, id="wrong_market_data_and_maintenance"),
        pytest.param(SLOW, id="requests_that_never_happened_silence_and_rate_limits"),
    ],
)
@pytest.mark.slow
async def test_fault_breaks_no_limit_repeats_no_order_and_balances_are_exact(
    cases: tuple[Case, ...], tmp_path: Path
) -> None:
    with quiet_logs(tmp_path / "log"):
        outcomes = await asyncio.gather(
            *(strike(case, tmp_path / str(n), seed=n) for n, case in enumerate(cases)),
            return_exceptions=True,
        )
    failures = [str(each) for each in outcomes if isinstance(each, BaseException)]
    failures += [each.line() for each in outcomes if isinstance(each, Outcome) and each.problems]
    assert not failures, "\n\n".join(failures)


async def test_fill_of_an_order_never_reported_is_booked(tmp_path: Path) -> None:
    """No answer, event or query shows the order; only the trade list does, by an unknown id."""
    still = replace(LIVELY, sigma=0.0, intensity=0.0)
    with quiet_logs(tmp_path / "log"):
        async with running(market(still, seed=1)) as sandbox:
            await sandbox.arm("accept_drop_response", endpoint="create")
            await sandbox.arm("reset_before", endpoint="cancel")
            await sandbox.arm("user_event_drop")
            await sandbox.arm("order_not_found", lag_s=2.0)
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await harness.until(harness.is_two_sided, "two orders rest unreported")
                for side in Side:
                    burst = {"kind": "burst", "side": side, "notional": "8000"}
                    await sandbox.admin("POST", "script", {"symbol": "BTCUSDT"} | burst)
                await harness.until(lambda: not harness.is_equal(), "filled unreported")
                await harness.until(harness.is_equal, "booked")
                await sandbox.admin("DELETE", "faults")
                assert await harness.stop() is ExitCode.CLEAN
                assert harness.is_equal(), harness.differences()


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(case("error_before", endpoint="cancel", status=503), id="503"),
        pytest.param(case("delay", endpoint="cancel", delay_s=FAULT_S), id="no_answer_in_time"),
    ],
)
async def test_f22_an_order_whose_cancel_fails_counts_until_it_is_over(
    trouble: Case, tmp_path: Path
) -> None:
    """There is headroom for three orders a side: a forgotten one leads to four."""
    tradeless = replace(LIVELY, intensity=0.0)  # the mid moves, and quotes follow
    with quiet_logs(tmp_path / "log"):
        async with running(market(tradeless, seed=3)) as sandbox:
            narrow = settings(sandbox, tmp_path, inventory_max=Decimal("0.015"))
            async with running_daemon(sandbox, narrow) as harness:
                await harness.until(harness.is_two_sided, "quoting at first")
                ((kind, how),) = trouble.faults
                number = await sandbox.arm(kind, **how)
                for polls in count():
                    await asyncio.sleep(POLL_S)
                    assert forgotten(harness) == set(), harness.story()
                    if polls * POLL_S >= FAULT_S and await sandbox.fired(number) > 2:
                        break
                await sandbox.admin("DELETE", "faults")
                await harness.until(harness.is_two_sided, "two-sided again")
                assert await harness.stop() is ExitCode.CLEAN
    assert harness.watch.exposure_peak == narrow.inventory_max
