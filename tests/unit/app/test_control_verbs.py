"""`quoter pause` and its siblings against a real listener: what they do, say and exit with."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from quoter import cli
from quoter.domain.errors import QuoterError
from quoter.domain.trading import Cause, TradingState
from quoter.service.tokens import Role
from tests.unit.service.control_rig import TOKENS, Rig, rigged


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("QUOTER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    for role, token in TOKENS.items():
        (tmp_path / f"{role.name.lower()}.token").write_text(token + "\n")
    async with rigged(tmp_path) as it:
        yield it


async def invoke(rig: Rig, *words: str, typed: str | None = None) -> Result:
    """In a thread: the listener answers in this one."""
    port = rig.base.rpartition(":")[2]
    return await asyncio.to_thread(
        CliRunner().invoke, cli.app, [words[0], "--port", port, *words[1:]], input=typed
    )


def put(name: str, text: str) -> None:
    """A file in the working folder, which is the test's own."""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)


def complaint(result: Result) -> str:
    """What `main` prints as one line."""
    assert isinstance(result.exception, QuoterError), result.output
    text = str(result.exception)
    assert "\n" not in text
    assert not [token for token in TOKENS.values() if token in text]
    return text


@pytest.mark.parametrize(
    ("verb", "role", "cause"),
    [
        ("pause", Role.OPERATOR, Cause.OPERATOR_PAUSE),
        ("reduce", Role.OPERATOR, Cause.OPERATOR_REDUCE),
        ("flatten", Role.RISK, Cause.OPERATOR_FLATTEN),
    ],
)
async def test_a_verb_finds_its_token_by_the_daemons_own_settings(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, verb: str, role: Role, cause: Cause
) -> None:
    monkeypatch.setenv(f"QUOTER_{role.name}_TOKEN_FILE", f"{role.name.lower()}.token")
    result = await invoke(rig, verb, "because")
    assert result.exit_code == 0
    assert f"{cause}: {role.name.lower()}:" in result.output
    assert result.output.rstrip().endswith("because")
    resumed = await invoke(rig, "resume", "--token-file", "operator.token")
    assert "RUNNING (LIVE)\n" in resumed.output
    assert rig.state is TradingState.RUNNING


async def test_the_env_file_and_the_secrets_folder_bring_it_too(rig: Rig) -> None:
    put(".env", "QUOTER_OPERATOR_TOKEN_FILE=operator.token\n")
    assert (await invoke(rig, "pause")).exit_code == 0
    put(".env", "QUOTER_SECRETS_DIR=hidden\n")
    put("hidden/quoter_operator_token", "")  # off
    put("hidden/quoter_risk_token", TOKENS[Role.RISK])
    assert (await invoke(rig, "resume")).exit_code == 0


async def test_what_goes_wrong_is_one_line(rig: Rig) -> None:
    put("wrong", "x" * 40)
    put("empty", "\n")
    for words, text in [
        (["pause"], "QUOTER_OPERATOR_TOKEN_FILE or QUOTER_RISK_TOKEN_FILE: is needed"),
        (["pause", "--token-file", "nowhere"], "--token-file: the token can't be read: No such"),
        (["pause", "--token-file", "empty"], "--token-file: that file holds no token"),
        (["pause", "--token-file", "wrong"], "refused (401): it does not know this token"),
        (["pause", "--token-file", "read.token"], "refused (403): needs the role operator"),
        (["flatten", "--token-file", "operator.token"], "refused (403): needs the role risk"),
        (["params", "gamma=9", "--token-file", "risk.token"], "refused (400): gamma: one change"),
        (["params", "gamma"], "gamma: must be NAME=NUMBER"),
        (["rearm", "--token-file", "risk.token", "--kill-id", "x"], "refused (409): nothing to"),
    ]:
        assert text in complaint(await invoke(rig, *words))
    assert rig.state is TradingState.RUNNING


async def test_nobody_there_and_no_control_there_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKENS[Role.RISK])
    async with rigged(tmp_path, {}) as rig:
        text = complaint(await invoke(rig, "pause", "--token-file", "token"))
        assert "no control API: no token is configured there" in text
        gone = rig
    text = complaint(await invoke(gone, "pause", "--token-file", "token"))
    assert "no daemon answers at 127.0.0.1:" in text


@contextmanager
def stranger(status: int, body: bytes) -> Iterator[str]:
    """A server of somebody else's; its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield str(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"<h1>not here</h1>"), (200, b"hello"), (200, b'{"version": 3}')]
)
@pytest.mark.parametrize("words", [["status"], ["pause", "--token-file", "token"]])
def test_a_server_that_is_no_quoter_is_told(status: int, body: bytes, words: list[str]) -> None:
    put("token", TOKENS[Role.RISK])
    with stranger(status, body) as port:
        result = CliRunner().invoke(cli.app, [words[0], "--port", port, *words[1:]])
    text = complaint(result)
    assert text == f"what answers at 127.0.0.1:{port} is no quoter: see QUOTER_HOST and QUOTER_PORT"


def test_status_writes_numbers_as_people_do() -> None:
    body = {
        "trading_state": "RUNNING",
        "phase": "LIVE",
        "inventory": {"inventory_base": "0E-8", "limit_base": "1E+2"},
        "orders": [{"side": "BUY", "size": "1E-7", "price": "60000.00"}],
        "pnl_quote": {"total": None},
    }
    with stranger(200, json.dumps(body).encode()) as port:
        shown = CliRunner().invoke(cli.app, ["status", "--port", port]).output
    assert "inventory 0.00000000 base, limit 100, worst case None" in shown
    assert "  BUY 0.0000001 60000.00\n" in shown
    assert "profit None quote" in shown


async def test_status_says_what_and_why_and_its_exit_code_whether_it_runs(rig: Rig) -> None:
    running = await invoke(rig, "status")
    assert running.exit_code == 0
    assert running.output.splitlines()[1] == "RUNNING (LIVE)"
    assert "orders 2" in running.output
    killed = await rig.post_verb("kill")
    result = await invoke(rig, "status")
    assert result.exit_code == 1
    for text in ("KILLED", "operator_kill: risk:", f"kill id: {killed.body['kill_id']}"):
        assert text in result.output
    told = json.loads((await invoke(rig, "status", "--json")).output)
    assert told["trading_state"] == "KILLED"
    assert told["kill_id"] == killed.body["kill_id"]


async def test_knobs_are_shown_and_turned(rig: Rig) -> None:
    shown = await invoke(rig, "params", "--token-file", "read.token")
    assert shown.exit_code == 0
    assert "gamma              1\n" in shown.output
    turned = await invoke(rig, "params", "gamma=1.5", "pull_s=4", "--token-file", "operator.token")
    assert "gamma              1.5\n" in turned.output
    assert "restart reads the settings" in turned.output
    assert rig.desk.engine.controls.knobs.params.pull_s == 4


async def test_kill_and_rearm_go_over_the_network_where_a_token_is_named(rig: Rig) -> None:
    result = await invoke(rig, "kill", "fire", "--token-file", "operator.token")
    assert result.exit_code == 0
    assert "operator_kill: operator:" in result.output
    rig.settle()
    result = await invoke(rig, "rearm", "--token-file", "risk.token", typed="wrong\n")
    assert "kill_id: is not that of the kill in force" in complaint(result)
    kill_id = rig.stops.kill_id()
    result = await invoke(rig, "rearm", "--token-file", "risk.token", typed=f"{kill_id}\n")
    assert result.output.rstrip().endswith("RUNNING (LIVE)")
    assert rig.state is TradingState.RUNNING
