"""The command line: imports, output and exit codes of each command."""

import asyncio
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quoter.cli import main as cli
from quoter.cli import options
from quoter.domain.errors import BadSetting
from quoter.domain.trading import Cause
from quoter.ledger.reader import Reader
from quoter.ledger.rows import Operation
from quoter.service.data_folder import KILL_REQUEST, DataFolder
from quoter.service.killswitch.latch import Latch
from tests.unit.cli.in_process import enter_empty_folder, run_main
from tests.unit.cli.other_programs import Answering, drip, http, other_program
from tests.unit.ledger.cases import MARKET, NOW_NS, booked, opened

HEAVY = (
    "ccxt",
    "aiohttp",
    "pydantic_settings",
    "prometheus_client",
    "structlog",
    "uvloop",
    "websockets",
)
COMMANDS = (
    "demo", "run", "sandbox", "check", "explain", "healthcheck", "kill", "rearm", "drill", "accept",
    "ledger", "env-example", "pause", "resume", "reduce", "flatten", "params", "status", "sentinel",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    enter_empty_folder(monkeypatch, tmp_path)


def invoke(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli.app, list(words), input=typed)


def latched(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    return Latch(folder).write(Cause.LOSS_LIMIT, "lost 101 of 100", 1).kill_id


def test_help_lists_every_command() -> None:
    text = invoke("--help").output
    for command in COMMANDS:
        assert command in text


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.output


@pytest.mark.parametrize(
    ("command", "option", "meaning", "variable"),
    [
        ("kill", "--data-dir", "Data folder of the daemon.", "QUOTER_DATA_DIR"),
        ("rearm", "--data-dir", "Data folder of the daemon.", "QUOTER_DATA_DIR"),
        ("healthcheck", "--host", "Address of the daemon.", "QUOTER_HOST"),
        ("healthcheck", "--port", "HTTP port of the daemon.", "QUOTER_PORT"),
        ("explain", "--port", "HTTP port of the daemon.", "QUOTER_PORT"),
    ],
)
def test_help_of_a_shared_option_names_its_meaning_and_its_variable(
    command: str, option: str, meaning: str, variable: str
) -> None:
    text = invoke(command, "--help").output
    for word in (option, meaning, f"env var: {variable}"):
        assert word in text


def test_version_is_printed() -> None:
    assert invoke("--version").output.strip().count(".") == 2


@pytest.mark.parametrize("words", [["--help"], ["healthcheck", "--port", "1"]])
def test_the_quick_commands_import_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from quoter.cli.main import main\n"
        f"sys.argv = ['quoter', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_a_bad_setting_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("INVENTORY_MAX", "LOSS_MAX", "NOTIONAL_MAX"):
        monkeypatch.setenv(f"QUOTER_{name}", "1")
    monkeypatch.setenv("QUOTER_ORDER_SIZE", "0.1")
    monkeypatch.setenv("QUOTER_GAMMA", "-1")
    code, out, err = run_main(monkeypatch, capsys, "run")
    assert (code, out) == (2, "")
    assert err == "QUOTER_GAMMA: must be greater than 0 (got -1)\n"


@pytest.mark.parametrize("words", [["nonsense"], ["demo", "--seconds", "x"], ["sandbox", "--x"]])
def test_an_invalid_command_line_is_exit_2_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, _, err = run_main(monkeypatch, capsys, *words)
    assert code == 2
    assert "Traceback" not in err
    assert "Error" in err


def test_a_traceback_shows_no_local_variables() -> None:
    """Typer's pretty tracebacks would print them, and secrets with them."""
    assert cli.app.pretty_exceptions_enable is False


class TestHealthcheck:
    def test_without_a_daemon_healthcheck_is_unhealthy(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, err = run_main(monkeypatch, capsys, "healthcheck", "--port", "1")
        assert code == 1
        assert err.startswith("unhealthy: ")

    @pytest.mark.parametrize("host", ["a b", "x" * 80])
    def test_an_invalid_host_is_one_line_about_the_host(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
    ) -> None:
        for words in (("healthcheck",), ("explain", "--live")):
            code, _, err = run_main(monkeypatch, capsys, *words, "--host", host)
            assert (code, err) == (2, f"QUOTER_HOST: is not a valid host name (got {host})\n")

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (http({"alive": True}), 0),
            (http({"alive": False}, "503 Service Unavailable"), 1),
            (http({}), 1),
            (http(b"<html>"), 1),
            (http({"alive": True}, "302 Found"), 1),
            (b"SSH-2.0\r\n", 1),
            (drip, 1),
        ],
    )
    @pytest.mark.slow
    async def test_only_a_reply_with_alive_true_is_healthy(
        self, answer: bytes | Answering, code: int
    ) -> None:
        async with other_program(answer) as port:
            result = await asyncio.to_thread(invoke, "healthcheck", "--port", str(port))
        assert result.exit_code == code
        assert result.output.startswith("unhealthy: ") is bool(code)

    def test_host_and_port_come_from_the_environment_then_from_the_env_file(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert options.address(None, None) == ("127.0.0.1", options.PORT)
        Path(".env").write_text("QUOTER_PORT=1234\nQUOTER_HOST=0.0.0.0\n")
        assert options.address(None, None) == ("127.0.0.1", 1234)
        monkeypatch.setenv("QUOTER_PORT", "5678")
        assert options.address(None, None)[1] == 5678
        assert options.address("::1", "9") == ("::1", 9)
        monkeypatch.setenv("QUOTER_PORT", "x")
        with pytest.raises(BadSetting, match="QUOTER_PORT"):
            options.address(None, None)


class TestKill:
    def test_without_a_daemon_the_request_waits_for_the_next_start(self, tmp_path: Path) -> None:
        result = invoke("kill", "enough", "--data-dir", str(tmp_path))
        assert result.exit_code == 0
        assert "next start" in result.output
        assert (tmp_path / KILL_REQUEST).read_text() == "enough"

    def test_kill_uses_the_data_folder_of_the_env_file_even_with_bad_settings(
        self, tmp_path: Path
    ) -> None:
        """Bad settings must not stop a kill, and it must not go to another folder."""
        (tmp_path / "books").mkdir()
        Path(".env").write_text("QUOTER_DATA_DIR=books\nQUOTER_GAMMA=-1\nQUOTER_TYPO=1\n")
        assert invoke("kill").exit_code == 0
        assert (tmp_path / "books" / KILL_REQUEST).exists()

    def test_a_missing_data_folder_is_reported(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path(".env").write_text("QUOTER_GAMMA=-1\n")  # so that no venue is asked
        code, _, err = run_main(monkeypatch, capsys, "kill", "--data-dir", "nowhere")
        assert code == 1
        assert "nowhere/KILL: No such file or directory" in err
        assert "no daemon is running with the data folder nowhere" in err
        assert "its next start will not be killed" in err

    def test_a_daemon_that_does_not_latch_in_time_is_reported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = DataFolder(tmp_path)
        folder.take()
        (tmp_path / "quoter.pid").unlink()  # as in another container: no process to signal
        result = invoke("kill", "--data-dir", str(tmp_path), "--wait", "0.05")
        folder.release()
        assert result.exit_code == 1
        assert "no kill was latched" in result.output


class TestRearm:
    def test_the_typed_kill_id_clears_the_kill(self, tmp_path: Path) -> None:
        kill_id = latched(tmp_path)
        result = invoke("rearm", "--data-dir", str(tmp_path), typed=f"{kill_id}\n")
        assert result.exit_code == 0
        assert "loss_limit: lost 101 of 100" in result.output
        assert Latch(tmp_path).read() is None

    def test_another_id_changes_nothing(self, tmp_path: Path) -> None:
        latched(tmp_path)
        result = invoke("rearm", "--data-dir", str(tmp_path), typed="yes\n")
        assert result.exit_code == 2
        assert Latch(tmp_path).read() is not None

    def test_a_rearm_without_a_kill_is_an_error(self, tmp_path: Path) -> None:
        assert invoke("rearm", "--data-dir", str(tmp_path)).exit_code == 2


class TestAccept:
    """Output and exit codes of `quoter accept` and `quoter ledger`."""

    async def test_accept_seals_the_epoch_and_ledger_shows_it(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as ledger:
            await ledger.record_fills([booked(7)])
            await ledger.end_run(40, NOW_NS)
        result = invoke("accept", "a deposit", "--data-dir", str(tmp_path))
        assert (result.exit_code, "Sealed epoch 1" in result.output) == (0, True)
        shown = invoke("ledger", "--data-dir", str(tmp_path))
        assert shown.exit_code == 0
        assert "deposit" in shown.output
        again = invoke("accept", "twice", "--data-dir", str(tmp_path))
        assert (again.exit_code, "nothing changed" in again.output) == (2, True)

    async def test_the_newest_fills_are_shown(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as ledger:
            await ledger.record_fills([booked(7)])
            shown = invoke("ledger", "--data-dir", str(tmp_path))
        assert "60000" in shown.output
        assert "1 fills" in shown.output

    async def test_output_to_a_pipe_is_not_truncated(self, tmp_path: Path) -> None:
        """The table is wider than the 80 columns that are assumed for a pipe."""
        trade_id, price = "t" * 60, "59991.12345678"
        async with opened(tmp_path) as ledger:
            await ledger.record_fills([booked(7, trade_id=trade_id, price=Decimal(price))])
        shown = invoke("ledger", "--data-dir", str(tmp_path)).output
        line = next(line for line in shown.splitlines() if trade_id in line)
        assert price in line
        assert "…" not in shown

    async def test_reasons_of_operators_are_shown_without_markup(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as ledger:
            ledger.record_operation(
                Operation(NOW_NS, "risk:12ab", "kill", "[bold]why", "{}", "done")
            )
            await ledger.end_run(0, NOW_NS)
            shown = invoke("ledger", "--data-dir", str(tmp_path))
        assert "risk:12ab" in shown.output
        assert "[bold]why" in shown.output

    async def test_names_from_the_venue_are_shown_without_markup(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as ledger:
            await ledger.record_fills([booked(7, trade_id="[link]\x1b[2J", fee_asset="[red]")])
        shown = invoke("ledger", "--data-dir", str(tmp_path))
        assert shown.exit_code == 0
        assert "[red]" in shown.output
        assert "\x1b[2J" not in shown.output

    async def test_accept_is_refused_while_a_daemon_runs(self, tmp_path: Path) -> None:
        async with opened(tmp_path):
            pass
        folder = DataFolder(tmp_path)
        folder.take()
        result = invoke("accept", "why", "--data-dir", str(tmp_path))
        folder.release()
        assert result.exit_code == 41
        with Reader(tmp_path) as reader:
            assert reader.epoch(MARKET) is not None

    def test_accept_keeps_the_pid_file_of_a_crashed_daemon(self, tmp_path: Path) -> None:
        (tmp_path / "quoter.pid").write_text("1")
        assert invoke("accept", "why", "--data-dir", str(tmp_path)).exit_code == 2
        assert (tmp_path / "quoter.pid").read_text() == "1"

    def test_without_a_ledger_the_exit_code_is_42(self, tmp_path: Path) -> None:
        assert invoke("ledger", "--data-dir", str(tmp_path)).exit_code == 42


class TestExplain:
    def test_long_inventory_lowers_both_quotes(self) -> None:
        result = invoke("explain", "--inventory", "0.02")
        assert result.exit_code == 0
        assert "BELOW fair value" in " ".join(result.output.replace("│", " ").split())

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--mid", "-1"),
            ("--depth", "0"),
            ("--sigma", "nan"),
            ("--sigma", "-1"),
            ("--gamma", "0"),
            ("--tau", "inf"),
            ("--inventory", "inf"),
            ("--beta", "9"),
            ("--order-size", "0"),
        ],
    )
    def test_an_invalid_number_is_refused_under_the_options_name(
        self, option: str, value: str
    ) -> None:
        result = invoke("explain", option, value)
        assert result.exit_code == 2
        assert f"'{option}': must be " in result.output
        assert f"(got {value})" in result.output

    def test_valid_numbers_without_a_valid_quote_are_refused(self) -> None:
        result = invoke("explain", "--mid", "1e-300", "--order-size", "1e300")
        assert result.exit_code == 2
        assert "no quote can be computed" in result.output


def test_env_example_prints_the_committed_file() -> None:
    from quoter.settings import env_example

    assert invoke("env-example").output == env_example()
