"""`quoter sandbox fault` without a sandbox: wrong words and addresses, in one line each."""

import asyncio
from pathlib import Path

import pytest

from quoter.sandbox.exchange.fault_kinds import DESCRIPTIONS
from quoter.sandbox.exchange.faults import Endpoint
from tests.unit.cli.in_process import enter_empty_folder, run_main
from tests.unit.cli.other_programs import http, other_program


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    enter_empty_folder(monkeypatch, tmp_path)


def test_kinds_and_fields_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run_main(monkeypatch, capsys, "sandbox", "fault", "kinds")
    assert code == 0
    for kind, about in DESCRIPTIONS.items():
        (line,) = (line for line in out.splitlines() if line.split()[:1] == [kind])
        assert about.effect in line
        assert all(name in line for name in about.fields)
    assert " ".join(Endpoint) in out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["arm", "depth_gaps"], "kind: depth_gaps is not one of accept_drop_response, delay,"),
        (["arm", "depth_gap", "delay_s=1"], "delay_s: depth_gap has no such field; it has endp"),
        (["arm", "delay", "delay_s"], "delay_s: a field is written NAME=VALUE, such as count=3"),
        (["arm", "delay", "delay_s=soon"], "delay_s: Expected `float`, got `str`"),
        (["arm", "delay", "delay_s=1e9"], "delay_s: Expected `float` <= 3600.0"),
        (["arm", "delay", "endpoint=all"], "endpoint: Invalid enum value 'all'"),
        (["list", "--url", "ftp://here"], "--url: must be a URL such as http://127.0.0.1:8765"),
        (["list", "--url", "http://h:x"], "--url: must be a URL such as http://127.0.0.1:8765"),
    ],
)
def test_a_wrong_word_is_exit_2_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    text: str,
) -> None:
    code, out, err = run_main(monkeypatch, capsys, "sandbox", "fault", *words)
    assert (code, out) == (2, "")
    assert err.startswith(text)
    assert err.count("\n") == 1


def test_options_of_the_server_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They would have no effect: the running sandbox is another process."""
    words = ("sandbox", "--shutdown-notice-s", "3", "fault", "list")
    code, _, err = run_main(monkeypatch, capsys, *words)
    assert code == 2
    assert err.startswith("--shutdown-notice-s: is for starting a sandbox;")


def test_without_a_sandbox_it_says_where_it_looked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = ("--url", "http://127.0.0.1:9")
    code, _, err = run_main(monkeypatch, capsys, "sandbox", "fault", "clear", *url)
    assert code == 1
    assert err.startswith("quoter: no sandbox answers at http://127.0.0.1:9: is `quoter sandbox`")


@pytest.mark.parametrize("answer", [http(b"<html>"), http(b"{}"), b"nonsense"])
async def test_another_program_is_not_taken_for_a_sandbox(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: bytes
) -> None:
    async with other_program(answer) as port:
        url = f"http://127.0.0.1:{port}"
        words = ("sandbox", "fault", "list", "--url", url)
        code, _, err = await asyncio.to_thread(run_main, monkeypatch, capsys, *words)
    assert code == 1
    assert err.startswith(f"quoter: {url} is no sandbox") or "no sandbox answers at" in err
    assert err.count("\n") == 1
