"""A daemon process controlled over HTTP and by SIGHUP while it trades on the sandbox."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import aiohttp
import pytest

from quoter.ledger.reader import Reader
from quoter.service.data_folder import KILL_REQUEST
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from tests.integration.daemon_harness import LIVELY, market
from tests.integration.daemon_process import Started, creates, own, quoter, until
from tests.integration.sandbox_client import RunningSandbox, running

RESTARTS = 3  # test_daemon_kill.py shows five, without the control API
TOKENS = {
    "read": "read-0123456789abcdefghijklmnopqrstuv",
    "operator": "operator-0123456789abcdefghijklmnop",
    "risk": "risk-0123456789abcdefghijklmnopqrstuv",
}
KEYS = count()

type Body = dict[str, object]


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running(market(LIVELY, seed=6)) as venue:
        yield venue


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    """Return settings that name a file for each token."""
    found = {}
    for role, token in TOKENS.items():
        path = tmp_path / f"{role}.token"
        path.write_text(token + "\n")
        found[f"QUOTER_{role.upper()}_TOKEN_FILE"] = str(path)
    return found


async def ask(
    daemon: Started, path: str, role: str = "risk", method: str = "POST", **body: object
) -> tuple[int, Body]:
    started = daemon.logged("started")
    assert started is not None, daemon.lines
    headers = {
        "Authorization": f"Bearer {TOKENS[role]}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"k{next(KEYS)}",
    }
    data = json.dumps({"reason": "test", **body}) if method != "GET" else None
    async with (
        aiohttp.ClientSession() as http,
        http.request(
            method, f"http://{started['listening']}{path}", data=data, headers=headers
        ) as answer,
    ):
        found: Body = await answer.json()
        return answer.status, found


async def two_sided(sandbox: RunningSandbox, daemon: Started) -> None:
    await until(lambda: len(own(sandbox)) >= 2, "two-sided", daemon)


# The conditions of a re-arm that come true by themselves.
RETRIED_REFUSALS = ("orders_may_be_live", "not_reconciled", "book_not_ready")


async def rearmed(daemon: Started, kill_id: object) -> Body:
    """Send a re-arm until its conditions hold; return the reply."""
    body: Body = {}
    for _ in range(600):
        status, body = await ask(daemon, "/v1/rearm", kill_id=kill_id)
        if status == 200:
            return body
        assert status == 409, body
        assert body["refusal"] in RETRIED_REFUSALS, body
        await asyncio.sleep(0.1)
    raise AssertionError(body)


async def test_pause_resume_live_parameters_kill_and_rearm(
    sandbox: RunningSandbox, tmp_path: Path, tokens: dict[str, str]
) -> None:
    async with quoter(sandbox, tmp_path, "run", **tokens) as daemon:
        await until(lambda: daemon.logged("started"), "started", daemon)
        await two_sided(sandbox, daemon)
        status, body = await ask(daemon, "/v1/pause", "operator")
        assert (status, body["trading_state"]) == (200, "PAUSED")
        await until(lambda: not own(sandbox), "no own order", daemon)
        assert (await ask(daemon, "/v1/resume", "operator", seen="PAUSED"))[0] == 200
        await two_sided(sandbox, daemon)
        status, body = await ask(daemon, "/v1/params", "operator", "PATCH", gamma=2)
        assert status == 200
        _, metrics = await daemon.get("/metrics")
        assert 'quoter_live_param{name="gamma",symbol="BTC/USDT",venue="binance"} 2.0' in metrics
        status, body = await ask(daemon, "/v1/kill", "operator")
        assert (status, body["trading_state"]) == (200, "KILLED")
        kill_id = body["kill_id"]
        await until(lambda: not own(sandbox), "no own order", daemon)
        assert (await ask(daemon, "/v1/rearm", "operator", kill_id=kill_id))[0] == 403
        assert (await ask(daemon, "/v1/rearm", kill_id="wrong"))[0] == 409
        assert (await rearmed(daemon, kill_id))["trading_state"] == "RUNNING"
        await two_sided(sandbox, daemon)
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN
    with Reader(tmp_path) as reader:
        rows = [(row.action, row.result.partition(":")[0]) for row in reader.operations(100)]
    actions = ("pause", "resume", "params", "kill")
    assert rows[::-1][:4] == [(action, "done") for action in actions]
    assert rows[0] == ("rearm", "done")
    assert not [token for token in TOKENS.values() if token in str(daemon.lines)]


async def test_kill_by_file_is_audited_like_one_by_http(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await two_sided(sandbox, daemon)
        (tmp_path / KILL_REQUEST).write_text("too hot")
        await until(lambda: Latch(tmp_path).read(), "latched", daemon)
        await until(lambda: not own(sandbox), "no own order", daemon)
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.KILLED
    with Reader(tmp_path) as reader:
        (row,) = reader.operations(100)
    assert (row.actor, row.action, row.reason, row.result) == ("file", "kill", "too hot", "done")


@pytest.mark.slow
async def test_a_kill_and_its_id_survive_restarts_and_nothing_is_sent(
    sandbox: RunningSandbox, tmp_path: Path, tokens: dict[str, str]
) -> None:
    sent, kill_id = 0, None
    for number in range(RESTARTS):
        async with quoter(sandbox, tmp_path, "run", **tokens) as daemon:
            await until(lambda d=daemon: d.logged("started"), "started", daemon)  # type: ignore[misc]
            if not number:
                await two_sided(sandbox, daemon)
                _, body = await ask(daemon, "/v1/kill")
                kill_id = body["kill_id"]
                await until(lambda: not own(sandbox), "no own order", daemon)
                sent = len(await creates(sandbox))
            else:
                status, body = await ask(daemon, "/v1/resume")
                assert (status, body["kill_id"]) == (409, kill_id)
            daemon.process.terminate()
            assert await daemon.ended() == ExitCode.KILLED
    assert len(await creates(sandbox)) == sent
    record = Latch(tmp_path).read()
    assert record is not None
    assert record.kill_id == kill_id


async def test_sighup_changes_live_parameters_and_names_refused_settings(
    sandbox: RunningSandbox, tmp_path: Path, tokens: dict[str, str]
) -> None:
    """Settings in the process environment have precedence over the file."""
    env = tmp_path / ".env"
    env.write_text("QUOTER_GAMMA=1\n")
    async with quoter(sandbox, tmp_path, "run", **tokens) as daemon:
        await until(lambda: daemon.logged("started"), "started", daemon)
        env.write_text("QUOTER_GAMMA=2\nQUOTER_LEVELS=3\nQUOTER_SIZE_ETA=9\nQUOTER_TYPO=1\n")
        daemon.process.send_signal(signal.SIGHUP)
        await until(lambda: daemon.logged("reload_failed"), "refused", daemon)
        assert "QUOTER_TYPO: no such setting" in str(daemon.logged("reload_failed"))
        assert (await params(daemon))["gamma"] == 1
        assert daemon.logged("reload") is None
        env.write_text("QUOTER_GAMMA=2\nQUOTER_LEVELS=3\nQUOTER_SIZE_ETA=9\n")
        daemon.process.send_signal(signal.SIGHUP)
        await until(lambda: daemon.logged("reload"), "reloaded", daemon)
        refused = {
            str(line["setting"]): line
            for line in daemon.lines
            if line.get("event") == "reload_refused"
        }
        assert refused.keys() == {"levels", "size_eta"}
        assert (refused["levels"]["running"], refused["levels"]["new"]) == ("1", "3")
        found = await params(daemon)
        assert (found["gamma"], found["size_eta"]) == (2, 1)
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN


async def test_sighup_names_a_changed_secret_and_an_unreadable_one(
    sandbox: RunningSandbox, tmp_path: Path, tokens: dict[str, str]
) -> None:
    """The key is in the environment, its secret in a file; both are reloaded together."""
    (tmp_path / "secret").write_text(sandbox.one.secret)
    key = {
        "QUOTER_API_KEY": sandbox.one.api_key,
        "QUOTER_API_SECRET_FILE": str(tmp_path / "secret"),
    }
    new, junk = "n" + TOKENS["risk"][1:], tmp_path / "quoter_api_password"
    async with quoter(sandbox, tmp_path, "run", **tokens, **key) as daemon:
        await until(lambda: daemon.logged("started"), "started", daemon)
        daemon.process.send_signal(signal.SIGHUP)
        await until(lambda: daemon.logged("reload"), "reloaded", daemon)
        assert daemon.logged("reload_refused") is None
        (tmp_path / "risk.token").write_text(new)
        daemon.process.send_signal(signal.SIGHUP)
        await until(lambda: daemon.logged("reload_refused"), "named", daemon)
        refused = daemon.logged("reload_refused")
        assert refused is not None
        assert (refused["setting"], refused["reason"]) == ("risk_token", "needs a restart")
        assert (refused["running"], refused["new"]) == ("set", "set")
        assert (await ask(daemon, "/v1/pause"))[0] == 200  # the old token is still valid
        junk.write_bytes(b"\xff\xfe")
        daemon.process.send_signal(signal.SIGHUP)
        await until(lambda: daemon.logged("reload_failed"), "refused", daemon)
        assert "api_password" in str(daemon.logged("reload_failed"))
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN
    assert new.encode() not in daemon.raw
    assert b"never retrieved" not in daemon.raw


async def params(daemon: Started) -> Body:
    _, body = await ask(daemon, "/v1/params", "read", "GET")
    found = body["params"]
    assert isinstance(found, dict)
    return found


async def test_without_tokens_there_is_no_control_api(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await until(lambda: daemon.logged("started"), "started", daemon)
        assert (await daemon.get("/v1/params"))[0] == 404
        daemon.process.terminate()
        assert await daemon.ended() == ExitCode.CLEAN


async def test_weak_token_prevents_the_start(
    sandbox: RunningSandbox, tmp_path: Path, tokens: dict[str, str]
) -> None:
    (tmp_path / "risk.token").write_text("hunter2")
    async with quoter(sandbox, tmp_path, "run", **tokens) as daemon:
        assert await daemon.ended() == ExitCode.USAGE
    assert await creates(sandbox) == []
