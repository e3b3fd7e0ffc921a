"""A forked process does what a real start of Python does."""

import signal
from pathlib import Path

import pytest

from tests.integration.daemon_process import python, until
from tests.integration.forked import ForkedProcess

COMMAND = ("-m", "tests.integration.statement")
ROOT = Path(__file__).parents[2]
# Python itself sets LC_CTYPE when it starts without a locale.
SHOWN = "print(os.getcwd(), sorted(os.environ.keys() - {'LC_CTYPE'}), sys.argv[2:])"
# A shell starts what runs in the background with SIGINT ignored.
NOT_IGNORED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
ENDINGS = {
    "by itself": ("pass", 0),
    "exit code": ("sys.exit(41)", 41),
    "exit text": ("sys.exit('why')", 1),
    "defect": ("1 / 0", 1),
    "signal": ("os.kill(os.getpid(), 9)", -signal.SIGKILL),
    "interrupt": (f"{NOT_IGNORED}; os.kill(os.getpid(), 2); time.sleep(60)", -signal.SIGINT),
    "buffered": ("sys.stdout.write('no line end')", 0),
    "end of a child": ("os._exit(os.waitstatus_to_exitcode(os.system('exit 3')))", 3),
}


class Nowhere:
    """A venue that nothing connects to."""

    url = "http://127.0.0.1:9"


async def run(folder: Path, statement: str, **more: str) -> tuple[int, list[str]]:
    """Execute a statement in another process; return the exit code and the output."""
    code = f"{SHOWN}; print('to stderr', file=sys.stderr); sys.stdout.flush(); {statement}"
    async with python(Nowhere(), folder, (*COMMAND, code, "x"), more) as started:
        assert isinstance(started.process, ForkedProcess) is not bool(more)
        ended = await started.ended()
    return ended, started.text


@pytest.mark.parametrize("ending", ENDINGS)
async def test_output_folder_environment_and_exit_code_are_those_of_a_real_start(
    tmp_path: Path, ending: str
) -> None:
    statement, code = ENDINGS[ending]
    forked, shown = await run(tmp_path, statement)
    real, really_shown = await run(tmp_path, statement, PYTHONPATH=str(ROOT))
    assert forked == real == code, shown
    assert (shown[:2], shown[-1]) == (really_shown[:2], really_shown[-1])
    assert any(line.startswith(f"{tmp_path} ['PATH'") for line in shown)


async def test_signal_ends_the_process_with_this_pid(tmp_path: Path) -> None:
    statement = "print(os.getpid(), 'of it', flush=True); time.sleep(600)"
    async with python(Nowhere(), tmp_path, (*COMMAND, statement), {}) as started:
        await until(lambda: started.text, "it runs")
        assert started.text == [f"{started.process.pid} of it\n"]
        assert started.process.returncode is None
        started.process.terminate()
        assert await started.ended() == -signal.SIGTERM
