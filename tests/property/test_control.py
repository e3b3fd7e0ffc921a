"""For any sequence of HTTP requests, only the risk role can end a kill.

A model that is independent of the code says what must hold. The requests use a real socket, a real
engine, and a latch on the disk.
"""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quoter.domain.trading import Cause, TradingState
from quoter.service.control_api.auth import Role
from quoter.service.killswitch.latch import Latch
from quoter.settings import LIVE_PARAMS
from tests.unit.service.control_rig import SETTINGS, TOKENS, Answer, Rig, rigged

COMMANDS = ("kill", "pause", "reduce", "resume", "flatten", "rearm")
SAFE = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@dataclass(frozen=True, slots=True)
class Move:
    """One request, or another event."""

    what: str
    role: Role | None = Role.RISK
    kill_id: str = "current"  # or an old one, or an invented one


calls = st.builds(
    Move,
    what=st.sampled_from(COMMANDS),
    role=st.none() | st.sampled_from(Role),
    kill_id=st.sampled_from(["current", "current", "old", "made up"]),
)
events = st.builds(
    Move, what=st.sampled_from(["settle", "later", "own kill", "file kill", "signal"])
)
# A kill that is ready to be re-armed is rare by chance, so some come as one sequence.
reports_arrived = st.builds(
    lambda how, meanwhile, role: [Move(how), *meanwhile, Move("settle"), Move("rearm", role)],
    st.sampled_from(["kill", "own kill", "file kill", "signal"]),
    st.lists(calls | events, max_size=2),
    st.sampled_from(Role),
)
moves = st.lists(
    st.lists(calls | events, min_size=1, max_size=3) | reports_arrived, min_size=1, max_size=8
)


def run(work: Callable[[Rig], Coroutine[None, None, None]]) -> None:
    """Run the work of one example with a rig of its own."""

    async def example() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with rigged(Path(folder)) as rig:
                await work(rig)

    asyncio.run(example())


async def do(rig: Rig, move: Move, ids: list[str]) -> Answer | None:
    match move.what:
        case "settle":
            rig.settle()
        case "later":
            rig.later(61)
        case "own kill":
            rig.own_kill(Cause.INVARIANT_BROKEN)
        case "file kill":
            (rig.folder / "KILL").write_text("file")
            rig.stops.files.check()
            rig.drain()
        case "signal":
            rig.stops.files.kill_by_signal()
            rig.drain()
        case command:
            chosen = {"current": ids[-1], "old": ids[0], "made up": "0000"}[move.kill_id]
            body = {"reason": "x"} | ({"kill_id": chosen} if command == "rearm" else {})
            token = TOKENS[move.role] if move.role is not None else "nobody"
            return await rig.send("POST", f"/v1/{command}", token=token, body=body)
    return None


@SAFE
@given(script=moves)
def test_only_a_rearm_by_the_risk_role_with_the_kill_id_ends_a_kill(
    script: list[list[Move]],
) -> None:
    async def work(rig: Rig) -> None:
        ids = ["none"]
        for move in chain.from_iterable(script):
            was_killed, before_id = rig.state is TradingState.KILLED, rig.stops.kill_id()
            was_quiet = rig.harness.engine.has_no_orders
            answer = await do(rig, move, ids)
            if was_killed and rig.state is not TradingState.KILLED:
                assert (move.what, move.role) == ("rearm", Role.RISK)
                assert before_id == (ids[-1] if move.kill_id == "current" else ids[0])
                assert answer is not None
                assert answer.status == 200
                assert was_quiet
            is_killed = rig.state is TradingState.KILLED
            await rig.until_disk()
            may_trade = rig.state < TradingState.PAUSED
            await rig.until_gate(is_open=may_trade)
            assert (Latch(rig.folder).read() is not None) is is_killed
            if move.what == "kill" and move.role in (Role.OPERATOR, Role.RISK):
                assert is_killed  # whether locked out or not
            if answer is not None and answer.status in (401, 403, 409, 429):
                assert is_killed is was_killed
                assert rig.stops.kill_id() == before_id
            kill_id = rig.stops.kill_id()
            if kill_id is not None and kill_id != ids[-1]:
                ids.append(kill_id)

    run(work)


numbers = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(0, 5)
    | st.sampled_from([0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 10])
)
patches = st.dictionaries(st.sampled_from(LIVE_PARAMS), numbers, min_size=1, max_size=4)


@SAFE
@given(script=st.lists(st.tuples(patches, st.sampled_from([0.0, 1.0, 5.0])), max_size=12))
def test_live_parameters_stay_within_bounds_step_and_rate_for_any_request(
    script: list[tuple[dict[str, float], float]],
) -> None:
    async def work(rig: Rig) -> None:
        live_params = rig.harness.engine.controls.live_params
        changed_ns = 0
        for wanted, wait_s in script:
            rig.later(wait_s)
            before = asdict(live_params.params)
            answer = await rig.patch(Role.OPERATOR, **wanted)
            after = asdict(live_params.params)
            if answer.status != 200:
                assert after == before
                continue
            assert after == {**before, **wanted}
            assert not changed_ns or rig.harness.now_ns - changed_ns >= 5_000_000_000
            changed_ns = rig.harness.now_ns
            SETTINGS.model_validate({**SETTINGS.model_dump(exclude_none=True), **after})
            for name, value in after.items():
                if value != before[name] and min(value, before[name]) > 1:
                    assert 0.499 < value / before[name] < 2.001

    run(work)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from([*LIVE_PARAMS, "reason", "kill_id", "inventory_max", "seen"]) | st.text()


@pytest.mark.parametrize("command", [*COMMANDS, "params"])
def test_no_request_body_causes_a_server_error(command: str) -> None:
    """All bodies of a command are sent to one daemon: a new one for each would cost far more."""
    bodies = st.lists(st.dictionaries(names, odd, max_size=4) | odd, min_size=1, max_size=8)
    method = "PATCH" if command == "params" else "POST"

    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        rig = runner.run(stack.enter_async_context(rigged(Path(folder))))

        @settings(max_examples=40, deadline=None, derandomize=True)
        @given(bodies=bodies)
        def send_all(bodies: list[object]) -> None:
            for body in bodies:
                path, token = f"/v1/{command}", TOKENS[Role.RISK]
                answer = runner.run(rig.send(method, path, token=token, body=body))
                assert answer.status in (200, 400, 403, 409, 429), (body, answer)

        try:
            send_all()
        finally:
            runner.run(stack.aclose())
