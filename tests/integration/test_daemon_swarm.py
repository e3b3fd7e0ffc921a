"""Random faults over real sockets, by seed; and a planted bug that must be caught."""

import asyncio
from pathlib import Path

import pytest

from quoter.domain.orders import OrderState
from quoter.state.order_table import TABLE, OrderUpdate
from tests.integration.daemon_harness import quiet_logs
from tests.integration.fault_cases import Case, case
from tests.integration.swarm import Verdict, run
from tests.integration.swarm_plan import LASTS_S, MENU, Plan, Strike, draw

FIRED_MIN = 3  # kinds of faults that must have fired, over all seeds of a case
CAUGHT_S_MAX = 60.0  # the run ends as soon as the planted bug is caught; a busy machine needs time


@pytest.mark.parametrize("seeds", [range(1, 5), range(5, 9), range(9, 13)], ids=str)
@pytest.mark.slow
async def test_random_faults_break_no_limit_and_balances_are_exact(
    seeds: range, tmp_path: Path
) -> None:
    with quiet_logs(tmp_path / "log"):
        verdicts = await asyncio.gather(*(run(draw(n), tmp_path / str(n)) for n in seeds))
    failures = [
        f"python -m tests.integration.swarm --seed {verdict.seed}: {problem}"
        for verdict in verdicts
        for problem in verdict.problems
    ]
    assert not failures, "\n\n".join(failures)
    assert sum(len(+verdict.fired) for verdict in verdicts) >= FIRED_MIN


def test_a_seed_always_draws_the_same_plan_and_all_faults_are_drawn() -> None:
    plans = [draw(seed) for seed in range(200)]
    assert plans == [draw(seed) for seed in range(200)]
    strikes = [strike for plan in plans for strike in plan.strikes]
    assert {strike.case.faults[0][0] for strike in strikes} == set(MENU)
    assert all(LASTS_S[0] <= strike.case.lasts_s <= LASTS_S[1] for strike in strikes)


async def run_with_faults(tmp_path: Path, *cases: Case) -> Verdict:
    """Run with just these faults."""
    plan = Plan(
        seed=5,
        strikes=tuple(Strike(begin_s=0.0, case=each) for each in cases),
        bursts=(),
        live_params={},
    )
    with quiet_logs(tmp_path / "log"):
        return await run(plan, tmp_path / "data")


async def test_an_engine_that_drops_creates_without_answer_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: a create without an answer counts as an order that does not exist."""
    for state in (OrderState.RESERVED, OrderState.PENDING_NEW, OrderState.UNKNOWN):
        monkeypatch.setitem(TABLE, (state, OrderUpdate.NO_ANSWER), OrderState.CANCELED)
    verdict = await run_with_faults(
        tmp_path,
        case("accept_drop_response", endpoint="create", lasts_s=CAUGHT_S_MAX),
        case("user_event_drop", event="NEW", lasts_s=CAUGHT_S_MAX),
    )
    assert verdict.fired["accept_drop_response"]
    assert any("open at the venue and unknown to us" in text for text in verdict.problems)
