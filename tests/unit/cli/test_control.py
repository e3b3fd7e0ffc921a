"""`quoter pause` and the other control commands against a real listener."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quoter.cli import control, control_client
from quoter.cli import main as cli
from quoter.domain.errors import BadSetting, QuoterError
from quoter.domain.trading import Cause, TradingState
from quoter.service.control_api.auth import Role
from quoter.service.data_folder import RESUME_REQUEST, DataFolder
from quoter.service.operator_commands import entrance
from tests.unit.cli.in_process import enter_empty_folder
from tests.unit.service.control_rig import TOKENS, Rig, rigged


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    enter_empty_folder(monkeypatch, tmp_path)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    for role, token in TOKENS.items():
        (tmp_path / f"{role.name.lower()}.token").write_text(token + "\n")
    async with rigged(tmp_path) as it:
        yield it


async def invoke(rig: Rig, *words: str, typed: str | None = None) -> Result:
    """Run the command in a thread, because the listener runs in this one."""
    port = rig.base.rpartition(":")[2]
    return await asyncio.to_thread(
        CliRunner().invoke, cli.app, [words[0], "--port", port, *words[1:]], input=typed
    )


def put(name: str, text: str) -> None:
    """Write a token file into the working folder."""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)


def error_line(result: Result) -> str:
    """Return the error line that `main` prints."""
    assert isinstance(result.exception, QuoterError), result.output
    text = str(result.exception)
    assert "\n" not in text
    assert not [token for token in TOKENS.values() if token in text]
    return text


@pytest.mark.parametrize(
    ("command", "role", "cause"),
    [
        ("pause", Role.OPERATOR, Cause.OPERATOR_PAUSE),
        ("reduce", Role.OPERATOR, Cause.OPERATOR_REDUCE),
        ("flatten", Role.RISK, Cause.OPERATOR_FLATTEN),
    ],
)
async def test_a_command_finds_its_token_by_the_daemons_settings(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, command: str, role: Role, cause: Cause
) -> None:
    monkeypatch.setenv(f"QUOTER_{role.name}_TOKEN_FILE", f"{role.name.lower()}.token")
    result = await invoke(rig, command, "because")
    assert result.exit_code == 0
    assert f"{cause}: {role.name.lower()}:" in result.output
    assert result.output.rstrip().endswith("because")
    resumed = await invoke(rig, "resume", "--token-file", "operator.token")
    assert "RUNNING (LIVE)\n" in resumed.output
    assert rig.state is TradingState.RUNNING


async def test_the_token_is_also_found_through_the_env_file_and_the_secrets_folder(
    rig: Rig,
) -> None:
    put(".env", "QUOTER_OPERATOR_TOKEN_FILE=operator.token\n")
    assert (await invoke(rig, "pause")).exit_code == 0
    put(".env", "QUOTER_SECRETS_DIR=hidden\n")
    put("hidden/quoter_operator_token", "")  # an empty file: no token
    put("hidden/quoter_risk_token", TOKENS[Role.RISK])
    assert (await invoke(rig, "resume")).exit_code == 0


async def test_each_error_is_one_line(rig: Rig) -> None:
    put("wrong", "x" * 40)
    put("empty", "\n")
    for words, text in [
        (["pause"], "QUOTER_OPERATOR_TOKEN_FILE or QUOTER_RISK_TOKEN_FILE: must name"),
        (["pause", "--token-file", "nowhere"], "--token-file: the token can't be read: No such"),
        (["pause", "--token-file", "empty"], "--token-file: the file must hold a token"),
        (["pause", "--token-file", "wrong"], "refused (401): the daemon does not know this token"),
        (
            ["pause", "--token-file", "read.token"],
            "refused (403): a token of the role operator is required",
        ),
        (
            ["flatten", "--token-file", "operator.token"],
            "refused (403): a token of the role risk is required",
        ),
        (["params", "gamma=9", "--token-file", "risk.token"], "refused (400): gamma: one change"),
        (["params", "gamma"], "gamma: must be NAME=NUMBER"),
        (
            ["rearm", "--token-file", "risk.token", "--kill-id", "x"],
            "refused (409): no kill is in force",
        ),
    ]:
        assert text in error_line(await invoke(rig, *words))
    assert rig.state is TradingState.RUNNING


async def test_no_daemon_and_no_control_api_give_different_errors(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKENS[Role.RISK])
    async with rigged(tmp_path, {}) as rig:
        text = error_line(await invoke(rig, "pause", "--token-file", "token"))
        assert "no control API: no token is configured there" in text
        stopped = rig
    text = error_line(await invoke(stopped, "pause", "--token-file", "token"))
    assert "no daemon answers at 127.0.0.1:" in text


@pytest.mark.parametrize("command", ["status", "pause", "kill", "params"])
@pytest.mark.parametrize("host", ["a b", "x" * 80])
def test_an_invalid_host_is_one_line_about_the_host(host: str, command: str) -> None:
    Path("token").write_text(TOKENS[Role.RISK])
    more = () if command == "status" else ("--token-file", "token")
    result = CliRunner().invoke(cli.app, [command, "--host", host, *more])
    assert isinstance(result.exception, BadSetting)
    assert str(result.exception) == f"QUOTER_HOST: is not a valid host name (got {host})"


async def test_status_shows_state_and_causes_and_exits_by_the_state(rig: Rig) -> None:
    running = await invoke(rig, "status")
    assert running.exit_code == 0
    assert running.output.splitlines()[1] == "RUNNING (LIVE)"
    assert "orders 2" in running.output
    killed = await rig.post_command("kill")
    result = await invoke(rig, "status")
    assert result.exit_code == 1
    for text in ("KILLED", "operator_kill: risk:", f"kill id: {killed.body['kill_id']}"):
        assert text in result.output
    shown = json.loads((await invoke(rig, "status", "--json")).output)
    assert shown["trading_state"] == "KILLED"
    assert shown["kill_id"] == killed.body["kill_id"]


async def test_live_parameters_are_shown_and_changed(rig: Rig) -> None:
    shown = await invoke(rig, "params", "--token-file", "read.token")
    assert shown.exit_code == 0
    assert "gamma              1\n" in shown.output
    changed = await invoke(
        rig, "params", "gamma=1.5", "side_cooldown_s=4", "--token-file", "operator.token"
    )
    assert "gamma              1.5\n" in changed.output
    assert "restart reads the settings" in changed.output
    assert rig.harness.engine.controls.live_params.params.side_cooldown_s == 4


async def test_invalid_parameters_are_reported_before_anything_is_sent() -> None:
    for words, text in [
        (("gamma=1", "gamma=2"), "gamma: is given twice (1, 2)"),
        (("gamma=1", "gamma=1"), "gamma: is given twice (1, 1)"),
        (("gamma=nan",), "gamma: must be NAME=NUMBER (got gamma=nan)"),
        (("gamma=inf",), "gamma: must be NAME=NUMBER (got gamma=inf)"),
        (("gamma=1_0",), "gamma: must be NAME=NUMBER (got gamma=1_0)"),
        (("=1",), "=1: must be NAME=NUMBER (got =1)"),
        (
            ("side_cooldown_s=1", "reason=2"),
            "reason: is not a live parameter; give it with --reason",
        ),
    ]:
        result = CliRunner().invoke(cli.app, ["params", *words, "--port", "1"])
        assert isinstance(result.exception, BadSetting)
        assert str(result.exception) == text


async def test_small_values_are_shown_without_an_exponent(rig: Rig) -> None:
    live_params = rig.harness.engine.controls.live_params
    small = replace(live_params.params, spread_min_bps=0.00001)
    rig.harness.engine.controls.live_params.params = small
    shown = await invoke(rig, "params", "--token-file", "read.token")
    assert "spread_min_bps     0.00001\n" in shown.output


async def test_a_resume_shows_what_it_clears(rig: Rig) -> None:
    await rig.post_command("pause")
    result = await invoke(rig, "resume", "--token-file", "operator.token")
    assert result.exit_code == 0
    before, _, after = result.output.partition("It is:\n")
    assert before.startswith("It was:\nPAUSED (LIVE)\n  operator_pause: risk:")
    assert after.startswith("RUNNING (LIVE)\n")


async def test_a_resume_is_refused_if_the_state_differs_from_the_one_seen(rig: Rig) -> None:
    """Another operator may have paused in the meantime, for another reason."""
    await rig.post_command("pause")
    resume = ("resume", "--token-file", "operator.token")
    text = error_line(await invoke(rig, *resume, "--seen", "REDUCE_ONLY"))
    assert text.startswith("not resumed: the state was REDUCE_ONLY when seen and is PAUSED now")
    rig.own_kill(Cause.LOSS_LIMIT)
    text = error_line(await invoke(rig, *resume, "--seen", "PAUSED"))
    assert "the state was PAUSED when seen and is KILLED now" in text
    assert "KILLED: only a re-arm" in error_line(await invoke(rig, *resume))
    assert rig.state is TradingState.KILLED
    text = error_line(await invoke(rig, *resume, "--seen", "paused"))
    assert "--seen: must be one of RUNNING, REDUCE_ONLY, PAUSED, KILLED (got paused)" in text


async def test_a_resume_is_refused_if_the_state_changes_after_it_was_read(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --seen, the state that the command reads first is the one that was seen."""
    await rig.post_command("reduce")
    loop, look = asyncio.get_running_loop(), control_client.read_state

    def paused_meanwhile(where: tuple[str, int]) -> dict[str, object]:
        seen = look(where)
        asyncio.run_coroutine_threadsafe(rig.post_command("pause"), loop).result()
        return seen

    monkeypatch.setattr(control, "read_state", paused_meanwhile)
    text = error_line(await invoke(rig, "resume", "--token-file", "operator.token"))
    assert "the state was REDUCE_ONLY when seen and is PAUSED now" in text
    assert rig.state is TradingState.PAUSED


async def test_a_pending_command_is_not_reported_as_done(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "OUTCOME_S_MAX", 0.05)
    rig.is_held = True
    result = await invoke(rig, "pause", "--token-file", "operator.token")
    assert "accepted the command but has not done it yet" in error_line(result)
    rig.is_held = False
    rig.drain()
    assert rig.state is TradingState.PAUSED


async def test_kill_and_rearm_use_http_with_a_token_file(rig: Rig) -> None:
    killing = asyncio.create_task(invoke(rig, "kill", "fire", "--token-file", "operator.token"))
    await rig.until(lambda: rig.state is TradingState.KILLED)
    assert not killing.done()  # its orders are not gone yet
    rig.settle()
    result = await killing
    assert result.exit_code == 0
    assert "operator_kill: operator:" in result.output
    result = await invoke(rig, "rearm", "--token-file", "risk.token", typed="wrong\n")
    assert "kill_id: not the id of the kill in force" in error_line(result)
    kill_id = rig.stops.kill_id()
    result = await invoke(rig, "rearm", "--token-file", "risk.token", typed=f"{kill_id}\n")
    assert result.output.rstrip().endswith("RUNNING (LIVE)")
    assert rig.state is TradingState.RUNNING


async def test_resume_without_a_token_goes_by_a_file(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right to write into the data folder is enough, as for `quoter rearm`."""
    monkeypatch.setenv("QUOTER_DATA_DIR", str(tmp_path))
    assert (await invoke(rig, "pause", "--token-file", "operator.token")).exit_code == 0
    text = error_line(await invoke(rig, "resume", "repaired"))
    assert text.startswith(f"not resumed: no daemon runs on {tmp_path}")
    assert Cause.OPERATOR_PAUSE in rig.harness.causes
    folder = DataFolder(tmp_path)
    folder.take()

    async def check_files() -> None:
        while True:
            rig.stops.files.check()
            await asyncio.sleep(0.02)

    checking = asyncio.create_task(check_files())
    try:
        result = await invoke(rig, "resume", "repaired")
    finally:
        checking.cancel()
        folder.release()
    assert result.exit_code == 0, result.output
    assert rig.state is TradingState.RUNNING
    assert "RUNNING (LIVE)" in result.output.partition("It is:")[2]


async def test_resume_by_file_that_is_not_read_is_withdrawn(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTER_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(control, "RESUME_WAIT_S", 0.2)
    folder = DataFolder(tmp_path)
    folder.take()
    try:
        text = error_line(await invoke(rig, "resume", "--seen", "PAUSED"))
    finally:
        folder.release()
    assert "the daemon did not read the request, so it was withdrawn" in text
    assert not (tmp_path / RESUME_REQUEST).exists()
