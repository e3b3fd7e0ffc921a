"""`python -m …` in a process forked from one that has imported quoter already.

It has its own pid, working directory, environment, arguments and output, and handles signals and
exits as a real start does, but costs 0.1 s of CPU time instead of 1.3 s. What it does not show: how
long imports take, the interpreter's own settings (`PYTHON…`, locale), and `/proc/PID/environ`.
"""

import asyncio
import io
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

FORKSERVER = get_context("forkserver")
FORKSERVER.set_forkserver_preload(["tests.integration.preloaded"])


class ForkedProcess:
    """A running process, with the part of `asyncio.subprocess.Process` that tests use."""

    def __init__(
        self, module: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._output, self._written = FORKSERVER.Pipe(duplex=False)
        self._process = FORKSERVER.Process(
            target=_run,
            args=(module, list(arguments), str(folder), dict(environment), self._written),
            daemon=True,
        )
        self.stdout = asyncio.StreamReader()
        self._ended = asyncio.Event()

    async def start(self) -> None:
        """Start it; the first time in a test process this waits for the imports."""
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._process.start)
        self._written.close()
        loop.add_reader(self._process.sentinel, self._end)
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self.stdout),
            os.fdopen(os.dup(self._output.fileno()), "rb", 0),
        )
        self._output.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code; negative: the signal that ended it; None: it runs."""
        return self._process.exitcode

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._ended.set()


def _run(
    module: str,
    arguments: list[str],
    folder: str,
    environment: dict[str, str],
    output: Connection,
) -> None:
    """Become `python -m module …`, in the forked process."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, errors in ((1, "surrogateescape"), (2, "backslashreplace")):
        os.dup2(output.fileno(), descriptor)
        binary = io.FileIO(descriptor, "w", closefd=False)
        stream = io.TextIOWrapper(io.BufferedWriter(binary), encoding="utf-8", errors=errors)
        setattr(sys, "stdout" if descriptor == 1 else "stderr", stream)
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # typed as TextIO
    output.close()
    sys.argv[1:] = arguments
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, KeyboardInterrupt):
            sys.stdout.flush()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        raise SystemExit(1) from None
