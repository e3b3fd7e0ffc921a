"""Authorization of every role and command, and invalid tokens, hosts and bodies, over a socket."""

import gzip
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from multidict import CIMultiDict

from quoter.domain.trading import TradingState
from quoter.service.control_api.auth import Role
from quoter.service.control_api.request_body import BODY_BYTES_MAX, COMMAND_ROUTES
from tests.unit.service.control_rig import TOKENS, Answer, Rig, rigged

NEEDS = {action.value: route.role for action, route in COMMAND_ROUTES.items()}
GOOD = b'{"reason": "matrix"}'
WRONG = "wrong-0123456789abcdefghijklmnopqrstuv"

# Authorization headers by name of the case
CREDENTIALS: dict[str, list[str]] = {
    "none": [],
    "wrong": [f"Bearer {WRONG}"],
    "empty": [""],
    "bearer only": ["Bearer "],
    "glued": [f"Bearer{TOKENS[Role.RISK]}"],
    "other scheme": [f"Basic {TOKENS[Role.RISK]}"],
    "bare": [TOKENS[Role.RISK]],
    "two": [f"Bearer {TOKENS[Role.RISK]}", f"Bearer {TOKENS[Role.RISK]}"],
    "two in one": [f"Bearer {TOKENS[Role.RISK]}, Bearer {TOKENS[Role.RISK]}"],
    "cut": [f"Bearer {TOKENS[Role.RISK][:-1]}"],
    "long": [f"Bearer {TOKENS[Role.RISK]}x"],
    "upper case": [f"Bearer {TOKENS[Role.RISK].upper()}"],
    **{role.name: [f"Bearer {token}"] for role, token in TOKENS.items()},
}
# body, and the status of the reply to a caller with the required role
BODIES: dict[str, tuple[bytes, int]] = {
    "too large": (b'{"reason": "' + b"x" * BODY_BYTES_MAX + b'"}', 413),
    "no JSON": (b"reason=why", 400),
    "empty": (b"", 400),
    "array": (b'["reason"]', 400),
    "text": (b'"reason"', 400),
    "deep": (b"[" * 8_000, 400),
    "huge number": (b'{"reason": "x", "kill_id": 1' + b"0" * 6_000 + b"}", 400),
    "no UTF-8": (b'{"reason": "\xff"}', 400),
    "unknown field": (b'{"reason": "x", "kill_id": "x", "force": true}', 400),
    "twice": (b'{"reason": "x", "reason": "y"}', 400),
    "no reason": (b'{"kill_id": "x"}', 400),
    "empty reason": (b'{"reason": "  "}', 400),
    "long reason": (b'{"reason": "' + b"x" * 201 + b'"}', 400),
    "number for a reason": (b'{"reason": 1}', 400),
    "line break in the reason": (b'{"reason": "a\\nb"}', 400),
    "not a number": (b'{"reason": "x", "gamma": NaN}', 400),
}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(tmp_path) as it:
        yield it


async def ask(
    rig: Rig, command: str, given: list[str], data: bytes = GOOD, more: dict[str, str] | None = None
) -> Answer:
    headers = CIMultiDict(
        {"Content-Type": "application/json", "Idempotency-Key": "same"} | (more or {})
    )
    for value in given:
        headers.add("Authorization", value)
    method = "PATCH" if command == "params" else "POST"
    return await rig.send_raw(method, f"/v1/{command}", headers, data)


def role_of(name: str) -> Role | None:
    return Role[name] if name in Role.__members__ else None


@pytest.mark.parametrize("command", [*NEEDS, "params"])
async def test_the_body_is_checked_only_after_token_and_role(rig: Rig, command: str) -> None:
    """For every combination, the first failed check gives the response and nothing changes."""
    need = NEEDS.get(command, Role.OPERATOR)
    before = rig.protected_state()
    tried = 0
    for name, given in CREDENTIALS.items():
        role = role_of(name)
        for data, status in BODIES.values():
            rig.later(61)  # so that no lock-out is in force
            answer = await ask(rig, command, given, data)
            expected = 401 if role is None else 403 if role < need else status
            assert answer.status == expected, (command, name, data[:60], answer.body)
            if expected == 401:
                assert set(answer.body) == {"error"}
            tried += 1
        for headers, status in (
            ({"Host": "evil.example"}, 421),
            ({"Host": "127.0.0.1.evil.example"}, 421),
            ({"Origin": "http://127.0.0.1"}, 403),
            ({"Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "same-origin"}, 403),
        ):
            assert (await ask(rig, command, given, GOOD, headers)).status == status
            tried += 1
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""):
        for role in (role for role in Role if role >= need):
            given = [f"Bearer {TOKENS[role]}"]
            headers = {"Content-Type": kind}
            assert (await ask(rig, command, given, GOOD, headers)).status == 415
    assert tried > 300
    assert rig.protected_state() == before
    assert all(row.result.startswith("refused") for row in rig.operations())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("command", NEEDS)
async def test_each_role_may_send_its_commands_only(rig: Rig, command: str, role: Role) -> None:
    before = rig.protected_state()
    fields = {"kill_id": "none"} if command == "rearm" else {}
    answer = await rig.post_command(command, role, **fields)
    if role < NEEDS[command]:
        assert answer.status == 403
        assert rig.protected_state() == before
    else:
        assert answer.status == (409 if command == "rearm" else 200)  # there is no kill
        assert answer.body["trading_state"] == rig.state.name


@pytest.mark.parametrize("role", Role)
async def test_every_role_may_read_live_parameters_and_an_operator_change_them(
    rig: Rig, role: Role
) -> None:
    shown = await rig.send("GET", "/v1/params", token=TOKENS[role])
    assert shown.status == 200
    assert shown.body["params"] == await _state_params(rig)
    assert (await rig.patch(role, gamma=1.5)).status == (403 if role is Role.READ else 200)


async def _state_params(rig: Rig) -> object:
    return (await rig.send("GET", "/state")).body["params"]


async def test_without_a_token_live_parameters_are_not_shown(rig: Rig) -> None:
    assert (await rig.send("GET", "/v1/params")).status == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_commands_accept_post_only(rig: Rig, method: str) -> None:
    for command in NEEDS:
        answer = await rig.send(method, f"/v1/{command}", token=TOKENS[Role.RISK], body={})
        assert answer.status == 405
    assert (await rig.send("HEAD", "/v1/params", token=TOKENS[Role.RISK])).status == 405


async def test_a_query_string_is_refused_because_it_could_hold_a_token(rig: Rig) -> None:
    answer = await rig.send("POST", "/v1/kill?token=x", token=TOKENS[Role.RISK], body={})
    assert answer.status == 400
    assert rig.state is TradingState.RUNNING


async def test_a_compressed_body_is_not_decompressed(rig: Rig) -> None:
    """A few kilobytes may expand to gigabytes."""
    headers = {"Content-Encoding": "gzip"}
    answer = await ask(rig, "pause", [f"Bearer {TOKENS[Role.RISK]}"], gzip.compress(GOOD), headers)
    assert answer.status == 400
    assert rig.state is TradingState.RUNNING


async def test_without_tokens_there_are_no_routes(tmp_path: Path) -> None:
    async with rigged(tmp_path, {}) as rig:
        for command in (*NEEDS, "params"):
            for method in ("GET", "POST", "PATCH"):
                assert (await rig.send(method, f"/v1/{command}", token="", body={})).status == 404
        assert (await rig.send("GET", "/state")).status == 200


async def test_a_role_without_a_configured_token_has_no_caller(tmp_path: Path) -> None:
    async with rigged(tmp_path, {Role.OPERATOR: TOKENS[Role.OPERATOR]}) as rig:
        assert (await rig.post_command("flatten")).status == 401
        assert (await rig.post_command("pause", Role.OPERATOR)).status == 200


class TestLockOut:
    """Five wrong tokens in a minute."""

    async def lock(self, rig: Rig) -> None:
        for _ in range(5):
            assert (await ask(rig, "pause", [f"Bearer {WRONG}"])).status == 401

    async def test_it_locks_out_valid_tokens_too_for_a_minute(self, rig: Rig) -> None:
        await self.lock(rig)
        answer = await rig.post_command("pause")
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "60"
        assert (await rig.send("GET", "/v1/params", token=TOKENS[Role.READ])).status == 429
        rig.later(59.5)
        assert (await rig.post_command("pause")).status == 429
        rig.later(0.5)
        assert (await rig.post_command("pause")).status == 200

    async def test_a_kill_with_a_valid_token_passes(self, rig: Rig) -> None:
        """An attacker with wrong tokens must not be able to prevent a kill."""
        await self.lock(rig)
        assert (await ask(rig, "kill", [f"Bearer {WRONG}"])).status == 429
        assert (await rig.post_command("kill", Role.READ)).status == 403
        assert rig.state < TradingState.KILLED
        assert (await rig.post_command("kill", Role.OPERATOR)).status == 200
        assert rig.state is TradingState.KILLED

    async def test_a_rearm_does_not_pass(self, rig: Rig) -> None:
        killed = await rig.post_command("kill")
        rig.settle()
        await self.lock(rig)
        assert (await rig.post_command("rearm", kill_id=killed.body["kill_id"])).status == 429

    async def test_few_or_slow_failures_do_not_lock_out(self, rig: Rig) -> None:
        for _ in range(20):
            assert (await ask(rig, "pause", [f"Bearer {WRONG}"])).status == 401
            rig.later(15.1)
        assert (await rig.post_command("pause")).status == 200

    async def test_further_failures_do_not_extend_it(self, rig: Rig) -> None:
        await self.lock(rig)
        rig.later(30)
        for _ in range(10):
            assert (await ask(rig, "pause", [f"Bearer {WRONG}"])).status == 429
        rig.later(30)
        assert (await rig.post_command("pause")).status == 200

    async def test_an_insufficient_role_is_not_counted_as_a_failure(self, rig: Rig) -> None:
        for _ in range(10):
            assert (await rig.post_command("rearm", Role.OPERATOR, kill_id="x")).status == 403
        assert (await rig.post_command("pause")).status == 200


async def test_every_token_is_compared_in_constant_time(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every token is compared with all hashes by the constant-time comparison."""
    compared: list[tuple[bytes, bytes]] = []

    def watch(first: bytes, second: bytes) -> bool:
        compared.append((first, second))
        return first == second

    monkeypatch.setattr(hmac, "compare_digest", watch)
    for token in (*TOKENS.values(), WRONG):
        compared.clear()
        await rig.send("GET", "/v1/params", token=token)
        assert len(compared) == len(TOKENS)
        assert {len(each) for pair in compared for each in pair} == {32}
