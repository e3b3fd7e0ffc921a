"""Only a complete response of a quoter daemon counts as done."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quoter.cli import control_client, kill
from quoter.cli import main as cli
from quoter.cli.control_client import NotDone, read_details, read_state
from quoter.domain.errors import QuoterError
from quoter.service.http.protocol import SERVER, RequestResult
from tests.unit.cli.other_programs import Answering, drip, hang_up, http, nothing, other_program

STATE: dict[str, object] = {
    "trading_state": "PAUSED",
    "phase": "LIVE",
    "causes": {},
    "kill_id": None,
}
DONE = {"result": "done", **STATE}
COMMANDS = (
    ("kill",),
    ("pause",),
    ("reduce",),
    ("flatten",),
    ("resume", "--seen", "PAUSED"),
    ("rearm", "--kill-id", "x"),
    ("params", "gamma=1"),
)
MALFORMED = {
    "empty": http({}),
    "moved": http({}, "302 Found"),
    "no-content": http(b"", "204 No Content"),
    "html": http(b"<html>It works!</html>"),
    "cut": http(b'{"result": "done", "trading_state": "KIL'),
    "not-done": http({**DONE, "result": "queued"}),
    "no-state": http({"result": "done", "params": {}}),
    "odd-state": http({**DONE, "trading_state": [], "params": []}),
    "not-found": http({"error": "\x1b[2Jnot here"}, "404 Not Found"),
    "late": http({"result": "pending"}, "202 Accepted"),
    "no-http": b"220 mail.example ESMTP\r\n",
}


@pytest.fixture(autouse=True)
def _working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text("0123456789" * 4)


async def invoke(port: int, *words: str) -> Result:
    where = ("--host", "127.0.0.1", "--port", str(port))
    return await asyncio.to_thread(CliRunner().invoke, cli.app, [words[0], *where, *words[1:]])


def error_line(result: Result) -> str:
    """Return the error line that `main` prints with exit code 1."""
    assert isinstance(result.exception, QuoterError), result.output
    text = str(result.exception)
    assert text.isprintable()
    return text


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_response_does_not_count_as_done(answer: bytes) -> None:
    async with other_program(answer) as port:
        for command in COMMANDS:
            result = await invoke(port, *command, "--token-file", "token")
            assert f"the server at 127.0.0.1:{port} is not a quoter daemon (" in error_line(
                result
            ), command


@pytest.mark.parametrize("kind", sorted(MALFORMED.keys() - {"not-done"}))
async def test_a_malformed_response_is_not_shown_as_a_state(kind: str) -> None:
    async with other_program(MALFORMED[kind]) as port:
        for command in (
            ("status",),
            ("status", "--json"),
            ("explain", "--live"),
            ("resume", "--token-file", "token"),
            ("params", "--token-file", "token"),
        ):
            assert "is not a quoter daemon (" in error_line(await invoke(port, *command)), command


async def test_a_kill_is_done_only_if_the_state_is_killed() -> None:
    async with other_program(http(DONE, server=SERVER)) as port:
        assert (await invoke(port, "pause", "--token-file", "token")).exit_code == 0
        assert "is not a quoter daemon" in error_line(
            await invoke(port, "kill", "--token-file", "token")
        )
    killed = {**DONE, "trading_state": "KILLED", "orders": []}
    async with other_program(http(killed, server=SERVER)) as port:
        assert (await invoke(port, "kill", "--token-file", "token")).exit_code == 0


async def test_a_kill_that_leaves_orders_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill, "ORDERS_WAIT_S", 0.0)
    killed = {**DONE, "trading_state": "KILLED"}
    for orders, text in (([{}], "1 own orders may still rest"), (None, "is not known")):
        async with other_program(http({**killed, "orders": orders}, server=SERVER)) as port:
            result = await invoke(port, "kill", "--token-file", "token")
        assert result.exit_code == 1
        assert text in result.output


async def test_an_accepted_request_is_not_reported_as_done() -> None:
    async with other_program(
        http({"result": RequestResult.PENDING}, "202 Accepted", server=SERVER)
    ) as port:
        for command in COMMANDS:
            text = error_line(await invoke(port, *command, "--token-file", "token"))
            assert "accepted the command but has not done it yet" in text


@pytest.mark.parametrize("answer", [nothing, hang_up, drip])
@pytest.mark.slow
async def test_without_a_response_the_request_may_still_be_done(
    answer: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_client, "TIMEOUT_S", 0.5)
    async with other_program(answer) as port:
        for command in COMMANDS:
            text = error_line(await invoke(port, *command, "--token-file", "token"))
            assert "it may still be done: see `quoter status`" in text
        assert "no daemon answers at" in error_line(await invoke(port, "status"))


async def test_only_a_quoter_daemon_can_refuse() -> None:
    async with other_program(http({"error": "not now"}, "409 Conflict", server=SERVER)) as port:
        text = error_line(await invoke(port, "pause", "--token-file", "token"))
        assert text == f"127.0.0.1:{port} refused (409): not now"
    async with other_program(http({"error": "not now"}, "409 Conflict")) as port:
        text = error_line(await invoke(port, "pause", "--token-file", "token"))
        assert (
            "is not a quoter daemon (status 409: not now): see QUOTER_HOST and QUOTER_PORT" in text
        )


async def test_status_works_without_details() -> None:
    causes = {"operator_pause": {"latched": True}, "odd": 1}
    cases: list[tuple[bytes | Answering, dict[str, object]]] = [
        (http({"details": causes}, "503 Not Ready"), {"operator_pause": {"latched": True}}),
        (http({"details": []}), {}),
        (http(b"busy", "503 Busy"), {}),
        (hang_up, {}),
    ]
    for answer, details in cases:
        async with other_program(answer) as port:
            assert await asyncio.to_thread(read_details, ("127.0.0.1", port)) == details


async def test_an_ipv6_address_is_shown_in_brackets() -> None:
    with pytest.raises(NotDone, match=r"no daemon answers at \[::1\]:1: "):
        await asyncio.to_thread(read_state, ("::1", 1))
