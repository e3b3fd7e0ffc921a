"""Effects, replies and audit records of the control API; authorization is tested separately."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from quoter.domain.trading import Cause, TradingState
from quoter.service.control_api import routes as module
from quoter.service.control_api.auth import Role
from quoter.service.killswitch.latch import NAME, Latch
from quoter.service.operator_commands import entrance
from tests.unit.service.control_rig import TOKENS, Answer, Rig, rigged


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(tmp_path) as it:
        yield it


def causes(rig: Rig) -> set[Cause]:
    return set(rig.harness.engine.causes.switch.causes)


@pytest.mark.parametrize(
    ("command", "cause", "state"),
    [
        ("kill", Cause.OPERATOR_KILL, "KILLED"),
        ("pause", Cause.OPERATOR_PAUSE, "PAUSED"),
        ("reduce", Cause.OPERATOR_REDUCE, "REDUCE_ONLY"),
        ("flatten", Cause.OPERATOR_FLATTEN, "REDUCE_ONLY"),
    ],
)
async def test_a_command_raises_its_cause_and_the_reply_shows_it(
    rig: Rig, command: str, cause: Cause, state: str
) -> None:
    answer = await rig.post_command(command)
    assert answer.status == 200
    assert answer.body["trading_state"] == state
    shown = answer.body["causes"]
    assert isinstance(shown, dict)
    assert shown[cause].startswith("risk:")
    assert shown[cause].endswith(": test")
    assert causes(rig) == {cause}


async def test_a_kill_closes_the_gate_latches_and_returns_its_id(rig: Rig) -> None:
    answer = await rig.post_command("kill")
    await rig.until_disk()
    record = Latch(rig.folder).read()
    assert record is not None
    assert answer.body["kill_id"] == record.kill_id
    assert not rig.gate.is_open
    for page in ("/state", "/readyz"):
        assert (await rig.send("GET", page)).body["kill_id"] == record.kill_id


async def test_a_kill_closes_the_gate_before_the_engine_handles_it(rig: Rig) -> None:
    rig.is_held = True
    asked = asyncio.create_task(rig.post_command("kill"))
    await rig.until(lambda: not rig.gate.is_open)
    assert rig.state is TradingState.RUNNING
    rig.is_held = False
    rig.drain()
    assert (await asked).body["trading_state"] == "KILLED"


async def test_the_kill_id_is_shown_together_with_the_kill(rig: Rig) -> None:
    """Beside RUNNING it would contradict it; a crash could still lose a kill that is not shown."""

    async def shown(path: str) -> tuple[object, object]:
        body = (await rig.send("GET", path)).body
        return body["trading_state"], body["kill_id"]

    rig.is_held = True
    asked = asyncio.create_task(rig.post_command("kill"))
    await rig.until(lambda: rig.stops.latched is not None)
    for path in ("/state", "/readyz"):
        assert await shown(path) == ("RUNNING", None)
    rig.is_held = False
    rig.drain()
    kill_id = (await asked).body["kill_id"]
    assert kill_id is not None
    for path in ("/state", "/readyz"):
        assert await shown(path) == ("KILLED", kill_id)


async def test_a_kill_is_never_answered_from_the_cache(rig: Rig) -> None:
    """A kill that is repeated after a re-arm must kill again."""

    async def kill() -> Answer:
        return await rig.send(
            "POST",
            "/v1/kill",
            token=TOKENS[Role.OPERATOR],
            body={"reason": "again"},
            headers={"Idempotency-Key": "k-1"},
        )

    first = await kill()
    rig.settle()
    lifted = await rig.post_command("rearm", kill_id=first.body["kill_id"])
    assert lifted.body["trading_state"] == "RUNNING"
    second = await kill()
    assert rig.state is TradingState.KILLED
    assert second.body["kill_id"] != first.body["kill_id"]


async def test_a_kill_that_is_not_on_disk_is_not_reported_as_done(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "OUTCOME_S_MAX", 2.0)
    (rig.folder / NAME).mkdir()  # no file can replace a folder
    answer = await rig.post_command("kill", Role.OPERATOR)
    assert answer.status == 202
    assert answer.body["trading_state"] == "KILLED"
    assert "after a restart this kill would not be in force" in str(answer.body["latch"])
    (rig.folder / NAME).rmdir()
    await rig.until_disk()
    assert (await rig.post_command("kill", Role.OPERATOR)).status == 200


async def test_flatten_while_killed_is_refused(rig: Rig) -> None:
    await rig.post_command("kill", Role.OPERATOR)
    answer = await rig.post_command("flatten")
    assert answer.status == 409
    assert "re-arm first" in str(answer.body["error"])


async def test_the_key_of_one_caller_does_not_answer_another(rig: Rig) -> None:
    """Both use a simple counter as their key."""

    async def pause(role: Role) -> Answer:
        return await rig.send(
            "POST",
            "/v1/pause",
            token=TOKENS[role],
            body={"reason": "mine"},
            headers={"Idempotency-Key": "1"},
        )

    for role in (Role.OPERATOR, Role.RISK, Role.RISK):
        assert (await pause(role)).status == 200
    await rig.until(lambda: len(rig.operations()) == 3)
    done = [row.actor for row in rig.operations() if row.result == "done"]
    assert {actor.partition(":")[0] for actor in done} == {"operator", "risk"}


async def test_a_kill_needs_no_idempotency_key_and_may_be_repeated(rig: Rig) -> None:
    """Each kill gets a new id, so that no operator clears a kill that they have not seen."""
    ids = []
    for _ in range(3):
        killed = await _without_key(rig, "/v1/kill")
        assert killed.status == 200
        ids.append(killed.body["kill_id"])
    assert len(set(ids)) == 3


async def _without_key(rig: Rig, path: str) -> Answer:
    from multidict import CIMultiDict

    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {TOKENS[Role.RISK]}",
    }
    return await rig.send_raw("POST", path, CIMultiDict(headers), b'{"reason": "keyless"}')


async def test_every_other_command_needs_an_idempotency_key(rig: Rig) -> None:
    answer = await _without_key(rig, "/v1/pause")
    assert answer.status == 400
    assert "Idempotency-Key" in str(answer.body["error"])
    assert causes(rig) == set()


async def test_every_response_is_counted_by_its_status(rig: Rig) -> None:
    await rig.post_command("pause")
    await rig.post_command("rearm", Role.OPERATOR, kill_id="x")
    await rig.send("POST", "/v1/pause", token="x" * 40, body={"reason": "guess"})
    counted = {
        sample.labels["status"]: sample.value
        for family in rig.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "quoter_control_requests_total"
    }
    assert counted == {"200": 1, "401": 1, "403": 1, "429": 0}


class TestResume:
    async def test_resume_clears_pauses_and_reduces(self, rig: Rig) -> None:
        await rig.post_command("pause")
        await rig.post_command("reduce")
        answer = await rig.post_command("resume", Role.OPERATOR, seen="PAUSED")
        assert answer.body["trading_state"] == "RUNNING"

    async def test_resume_never_clears_a_kill(self, rig: Rig) -> None:
        await rig.post_command("pause")
        await rig.post_command("kill", Role.OPERATOR)
        for role in (Role.OPERATOR, Role.RISK):
            answer = await rig.post_command("resume", role)
            assert answer.status == 409
            assert answer.body["trading_state"] == "KILLED"
        assert causes(rig) == {Cause.OPERATOR_PAUSE, Cause.OPERATOR_KILL}

    async def test_a_state_other_than_the_one_seen_changes_nothing(self, rig: Rig) -> None:
        await rig.post_command("pause")
        answer = await rig.post_command("resume", seen="REDUCE_ONLY")
        assert answer.status == 409
        assert answer.body["causes"] == {"operator_pause": answer.body["causes"]["operator_pause"]}  # type: ignore[index]
        assert (await rig.post_command("resume", seen="paused")).status == 400

    async def test_a_kill_queued_behind_a_resume_stays_in_force(self, rig: Rig) -> None:
        await rig.post_command("pause")
        rig.is_held = True
        resume = asyncio.create_task(rig.post_command("resume"))
        await _queued(rig, 1)
        kill = asyncio.create_task(rig.post_command("kill"))
        await _queued(rig, 2)
        rig.is_held = False
        rig.drain()
        assert (await kill).body["trading_state"] == "KILLED"
        await resume
        assert rig.state is TradingState.KILLED
        assert not rig.gate.is_open


async def _queued(rig: Rig, number: int) -> None:
    await rig.until(lambda: rig.waiting >= number)


class TestRearm:
    async def killed(self, rig: Rig) -> str:
        answer = await rig.post_command("kill")
        rig.settle()
        return str(answer.body["kill_id"])

    async def test_with_the_kill_id_and_clean_books_trading_resumes(self, rig: Rig) -> None:
        kill_id = await self.killed(rig)
        answer = await rig.post_command("rearm", kill_id=kill_id)
        assert (answer.status, answer.body["trading_state"]) == (200, "RUNNING")
        assert answer.body["kill_id"] is None
        await rig.until(lambda: rig.gate.is_open)
        assert Latch(rig.folder).read() is None

    @pytest.mark.parametrize("wrong", ["", "0", "x" * 64])
    async def test_another_id_changes_nothing(self, rig: Rig, wrong: str) -> None:
        kill_id = await self.killed(rig)
        before = rig.protected_state()
        answer = await rig.post_command("rearm", kill_id=wrong)
        assert answer.status == 409
        assert answer.body["kill_id"] == kill_id
        assert rig.protected_state() == before

    async def test_a_kill_id_from_before_another_kill_is_refused(self, rig: Rig) -> None:
        kill_id = await self.killed(rig)
        await rig.post_command("kill")
        rig.settle()
        assert (await rig.post_command("rearm", kill_id=kill_id)).status == 409
        assert rig.state is TradingState.KILLED

    async def test_a_kill_by_the_engine_makes_the_kill_id_invalid_too(self, rig: Rig) -> None:
        kill_id = await self.killed(rig)
        rig.own_kill(Cause.LEDGER_FAILED)
        rig.settle()
        assert (await rig.post_command("rearm", kill_id=kill_id)).status == 409
        await rig.until_disk()
        record = Latch(rig.folder).read()
        assert record is not None
        assert record.cause is Cause.OPERATOR_KILL
        assert "ledger_failed" in record.text

    async def test_a_kill_queued_behind_a_rearm_keeps_the_gate_closed(self, rig: Rig) -> None:
        kill_id = await self.killed(rig)
        rig.is_held = True
        rearm = asyncio.create_task(rig.post_command("rearm", kill_id=kill_id))
        await _queued(rig, 1)
        kill = asyncio.create_task(rig.post_command("kill"))
        await _queued(rig, 2)
        rig.is_held = False
        rig.drain()
        await asyncio.gather(rearm, kill)
        assert rig.state is TradingState.KILLED
        await rig.until_disk()
        assert rig.gate.opened == 0
        assert Latch(rig.folder).read() is not None

    async def test_a_rearm_is_refused_while_a_kill_is_queued(self, rig: Rig) -> None:
        kill_id = await self.killed(rig)
        rig.is_held = True
        kill = asyncio.create_task(rig.post_command("kill"))
        await _queued(rig, 1)
        assert (await rig.post_command("rearm", kill_id=kill_id)).status == 409
        rig.is_held = False
        rig.drain()
        await kill

    async def test_a_refusal_says_which_condition_is_missing(self, rig: Rig) -> None:
        answer = await rig.post_command("kill")
        kill_id = answer.body["kill_id"]
        refused = await rig.post_command("rearm", kill_id=kill_id)
        assert refused.status == 409
        assert "2 orders may be live" in str(refused.body["error"])
        assert refused.body["trading_state"] == "KILLED"
        rig.settle()
        assert (await rig.post_command("rearm", kill_id=kill_id)).status == 200

    @pytest.mark.parametrize("amount", ["lots", "NaN", "", None, True, [1]])
    async def test_an_accepted_inventory_is_a_number(self, rig: Rig, amount: object) -> None:
        kill_id = await self.killed(rig)
        answer = await rig.post_command("rearm", kill_id=kill_id, accept_inventory=amount)
        assert answer.status == 400

    async def test_a_rearm_without_a_kill_is_a_conflict(self, rig: Rig) -> None:
        assert (await rig.post_command("rearm", kill_id="x")).status == 409


class TestRepeatedRequests:
    async def same(
        self, rig: Rig, body: object, key: str = "k-1", command: str = "pause"
    ) -> Answer:
        return await rig.send(
            "POST",
            f"/v1/{command}",
            token=TOKENS[Role.RISK],
            body=body,
            headers={"Idempotency-Key": key},
        )

    async def test_a_repeated_request_is_done_once_and_returns_the_present_state(
        self, rig: Rig
    ) -> None:
        """The state may have changed since the first reply."""
        first = await self.same(rig, {"reason": "a"})
        assert "repeated" not in first.body
        await rig.post_command("resume")
        again = await self.same(rig, {"reason": "a"})
        assert again.status == first.status
        now = {"trading_state": "RUNNING", "causes": {}, "repeated": True}
        assert again.body == first.body | now
        assert causes(rig) == set()
        await rig.until(lambda: len(rig.operations()) == 3)
        assert [row.result for row in rig.operations()] == [
            "repeated: nothing done",
            "done",
            "done",
        ]

    async def test_a_repeated_change_returns_the_parameters_in_force_now(self, rig: Rig) -> None:
        gamma = rig.harness.engine.controls.live_params.params.gamma
        body, key = {"reason": "a", "gamma": gamma * 1.5}, {"Idempotency-Key": "k-2"}
        token = TOKENS[Role.RISK]
        first = await rig.send("PATCH", "/v1/params", token=token, body=body, headers=key)
        rig.later(6)
        assert (await rig.patch(gamma=gamma)).status == 200
        again = await rig.send("PATCH", "/v1/params", token=token, body=body, headers=key)
        params = [answer.body["params"] for answer in (first, again)]
        assert [each["gamma"] for each in params if isinstance(each, dict)] == [gamma * 1.5, gamma]

    async def test_another_body_or_command_with_the_same_key_is_a_conflict(self, rig: Rig) -> None:
        await self.same(rig, {"reason": "a"})
        assert (await self.same(rig, {"reason": "b"})).status == 409
        assert (await self.same(rig, {"reason": "a"}, command="reduce")).status == 409
        assert causes(rig) == {Cause.OPERATOR_PAUSE}

    async def test_a_refused_request_may_be_retried_with_its_key(self, rig: Rig) -> None:
        killed = await rig.post_command("kill")
        body = {"reason": "r", "kill_id": killed.body["kill_id"]}
        assert (await self.same(rig, body, command="rearm")).status == 409
        rig.settle()
        assert (await self.same(rig, body, command="rearm")).status == 200


async def test_the_wait_for_a_busy_engine_is_limited(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "OUTCOME_S_MAX", 0.05)
    rig.is_held = True
    answer = await rig.post_command("pause")
    assert answer.status == 202
    rig.is_held = False
    rig.drain()
    assert rig.state is TradingState.PAUSED


async def test_the_wait_for_a_body_is_limited(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BODY_S_MAX", 0.05)
    host, port = rig.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /v1/pause HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {TOKENS[Role.RISK]}\r\nContent-Length: 20\r\n\r\n"
    )
    writer.write(head.encode())
    assert b" 408 " in await reader.readline()
    writer.close()


@pytest.mark.parametrize(
    ("path", "data", "more", "status"),
    [
        ("/v1/pause", b"{", {}, 400),
        ("/v1/pause", b'{"reason": "r", "force": true}', {}, 400),
        ("/v1/pause", b'{"reason": "r"}', {"Idempotency-Key": "not one"}, 400),
        ("/v1/pause?now", b'{"reason": "r"}', {}, 400),
        ("/v1/pause", b'{"reason": "r"}', {"Content-Type": "text/plain"}, 415),
        ("/v1/pause", b'{"reason": "another"}', {"Idempotency-Key": "used"}, 409),
    ],
)
async def test_a_request_that_fails_a_check_is_logged(
    rig: Rig, path: str, data: bytes, more: dict[str, str], status: int
) -> None:
    used = {"Idempotency-Key": "used"}
    token = TOKENS[Role.RISK]
    await rig.send("POST", "/v1/pause", token=token, body={"reason": "r"}, headers=used)
    with capture_logs() as lines:
        answer = await rig.send("POST", path, token=token, data=data, headers=more)
    assert answer.status == status
    (line,) = [line for line in lines if line["event"] == "control_refused"]
    assert (line["path"], line["actor"][:5]) == ("/v1/pause", "risk:")
    assert line["reason"] == answer.body["error"]


async def test_a_command_that_is_refused_is_logged_once(rig: Rig) -> None:
    with capture_logs() as lines:
        assert (await rig.post_command("rearm", kill_id="x")).status == 409
    names = [line["event"] for line in lines]
    assert names == ["command_audit"]


async def test_the_audit_record_has_the_actor_and_never_a_token(
    rig: Rig, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    await rig.post_command("pause", Role.OPERATOR)
    await rig.patch(gamma=1.5)
    await rig.patch(gamma=99)
    await rig.post_command("rearm", kill_id="x")
    await rig.until(lambda: len(rig.operations()) == 4)
    rows = [(row.actor[:9], row.action, row.reason, row.result[:8]) for row in rig.operations()]
    assert rows[::-1] == [
        ("operator:", "pause", "test", "done"),
        ("operator:", "params", "test", "done"),
        ("operator:", "params", "test", "refused:"),
        ("risk:8df4", "rearm", "test", "refused:"),
    ]
    assert json.loads(rig.operations()[-2].fields) == {"gamma": "1.5"}
    output = "".join(capsys.readouterr()) + caplog.text
    assert output.count("command_audit") >= 4
    output += str(rig.operations())
    assert not [token for token in TOKENS.values() if token in output]


class TestParams:
    async def test_a_changed_parameter_is_used_and_shown(self, rig: Rig) -> None:
        before = rig.harness.engine.calibration.gamma_lot
        references = rig.harness.engine.calibration.references
        answer = await rig.patch(gamma=2, requote_hold_s=0.5)
        assert answer.status == 200
        assert "restart reads the settings" in str(answer.body["valid"])
        shown = (await rig.send("GET", "/state")).body["params"]
        assert answer.body["params"] == shown
        assert isinstance(shown, dict)
        assert (shown["gamma"], shown["requote_hold_s"]) == (2.0, 0.5)
        assert rig.harness.engine.calibration.gamma_lot == pytest.approx(2 * before)
        assert rig.harness.engine.calibration.references == references

    async def test_one_change_in_five_seconds(self, rig: Rig) -> None:
        assert (await rig.patch(gamma=1.5)).status == 200
        rig.later(1.5)
        answer = await rig.patch(gamma=2)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "4")
        rig.later(3.5)
        assert (await rig.patch(gamma=2)).status == 200

    @pytest.mark.parametrize(
        "name",
        [
            "inventory_max",
            "order_size",
            "loss_max",
            "notional_max",
            "target",
            "levels",
            "price_collar_bps",
        ],
    )
    async def test_a_limit_is_not_a_live_parameter(self, rig: Rig, name: str) -> None:
        before = rig.protected_state()
        answer = await rig.patch(Role.RISK, **{name: 1})
        assert answer.status == 403
        assert f"{name}: is a hard limit: restart with a new value" in str(answer.body["error"])
        assert rig.protected_state() == before

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"gamma": 2.1}, "between 0.5 and 2 (got 2.1)"),
            ({"gamma": 0.4}, "between 0.5 and 2"),
            ({"gamma": 0}, "must be greater than 0"),
            ({"gamma": -1}, "must be greater than 0"),
            ({"gamma": "1"}, "must be a number"),
            ({"gamma": True}, "must be a number"),
            ({"gamma": None}, "must be a number"),
            ({"gama": 1}, "did you mean gamma?"),
            ({"symbol": 1}, "can't change while running"),
            ({"size_eta": 0.5}, "between 0 and 0.25"),
            ({"alpha_max": 2.5}, "must be at most 2"),
            ({"gamma": 1.5, "side_cooldown_s": 61}, "must be at most 60"),
            ({"gamma": 1.5, "side_cooldown_s": 0}, "is a protection"),
            ({}, "no live parameter is named"),
        ],
    )
    async def test_a_value_out_of_bounds_is_named(
        self, rig: Rig, fields: dict[str, object], text: str
    ) -> None:
        before = rig.protected_state()
        answer = await rig.patch(Role.OPERATOR, **fields)
        assert answer.status == 400
        assert text in str(answer.body["error"])
        assert rig.protected_state() == before
        assert (await rig.patch(gamma=1.5)).status == 200  # a refusal is no change

    async def test_an_infinite_number_is_refused(self, rig: Rig) -> None:
        answer = await rig.send(
            "PATCH",
            "/v1/params",
            token=TOKENS[Role.RISK],
            data=b'{"reason": "x", "gamma": 1e400}',
        )
        assert answer.status == 400
        assert "finite" in str(answer.body["error"])
