"""`quoter drill`: test the kill switch of a running daemon (KS-13)."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import typer

from quoter.cli.daemon_client import Answer, NoAnswer, call
from quoter.cli.options import DataDir, Host, Port, address, folder_of
from quoter.domain.errors import QuoterError
from quoter.service.external_stops.heartbeat_files import HEARTBEAT, DaemonHeartbeat, read_heartbeat
from quoter.service.killswitch.drill_record import DrillRecord
from quoter.service.killswitch.file_requests import await_latch, rearm, request_kill, running_pid
from quoter.service.killswitch.latch import Latch

READY_S_MAX = 30.0  # longest wait for the end of a pause
LATCH_S_MAX = 5.0
EMPTY_S_MAX = 15.0
RUNNING_S_MAX = 60.0
REARM_AGAIN_S = 2.0
ANSWER_S_MAX = 5.0
POLL_S = 0.05


class DrillFailed(QuoterError):
    """The drill is not possible, or one of its steps was not reached in time."""


def drill(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Kill the running daemon, check latch and orders, and re-arm it. Never in production.

    The result is printed and stored in drill.json. A failed drill leaves the daemon as it is:
    KILLED, or re-armed and still paused.
    """
    folder = folder_of(data_dir)
    held = Drill(folder, *address(host, port))
    try:
        record = held.run()
    except OSError as error:
        raise DrillFailed(f"drill: {error}") from None
    typer.echo(
        f"drill passed: latch on disk after {record.latch_s:.2f} s, no own order after "
        f"{record.empty_s:.2f} s, RUNNING again after {record.running_s:.2f} s"
    )


class Drill:
    """One drill of the daemon that listens at `host`:`port` and owns `folder`."""

    def __init__(
        self, folder: Path, host: str, port: int, *, ready_s_max: float = READY_S_MAX
    ) -> None:
        self._folder, self._address = folder, (host, port)
        self._ready_s_max = ready_s_max
        self._start_s = 0.0
        self._rearm_s = 0.0  # time of the next re-arm request
        self._record = DrillRecord(ts_ns=0, passed=False, text="not finished")

    def run(self) -> DrillRecord:
        """Run the drill and write its record. Raises DrillFailed, BadSetting, OSError."""
        self._check_first()
        self._start_s = time.monotonic()
        self._record = replace(self._record, ts_ns=time.time_ns())
        try:
            self._kill_and_rearm()
        except (DrillFailed, OSError) as error:
            self._record = replace(self._record, text=str(error))
            raise
        finally:
            self._record.write(self._folder)
        return self._record

    def _check_first(self) -> None:
        """Raise DrillFailed unless a drill may begin: play money, this folder's daemon, RUNNING.

        Waits for the end of a pause, but not of a kill.
        """
        state = self._state()
        environment = state.get("environment")
        if environment not in ("sandbox", "paper", "testnet", "demo"):
            text = (
                f"a drill is not allowed in {environment} (only sandbox, paper, testnet and demo)"
                if isinstance(environment, str)
                else "the daemon's /state does not name its environment, so a drill is not allowed"
            )
            raise DrillFailed(f"drill: {text}; nothing was changed")
        if running_pid(self._folder) is None:
            text = f"no daemon is running with the data folder {self._folder}"
            raise DrillFailed(f"drill: {text}; nothing was changed")
        self._match(environment, state.get("run"))
        end_s = time.monotonic() + self._ready_s_max
        while (found := self._state().get("trading_state")) != "RUNNING":
            if found == "KILLED" or time.monotonic() > end_s:
                text = f"drill: the daemon is {found}, a drill starts only in RUNNING"
                raise DrillFailed(f"{text}; nothing was changed")
            time.sleep(POLL_S)

    def _match(self, environment: object, run: object) -> None:
        """Raise DrillFailed unless /state comes from the daemon that owns the data folder."""
        heartbeat = read_heartbeat(self._folder / HEARTBEAT, DaemonHeartbeat)
        owner = (
            f"{heartbeat.identity.environment} run {heartbeat.run}"
            if heartbeat is not None
            else "an unknown run"
        )
        listed = f"{environment} run {'unknown' if run is None else run}"
        if owner != listed:
            host, port = self._address
            page = f"{host}:{port} answers for {listed}"
            text = f"drill: {page}, but the data folder {self._folder} belongs to {owner}"
            raise DrillFailed(f"{text}; nothing was changed")

    def _kill_and_rearm(self) -> None:
        request_kill(self._folder, "drill")
        latch = await_latch(self._folder, LATCH_S_MAX)
        if latch is None:
            raise DrillFailed(f"drill: the kill was not latched on disk within {LATCH_S_MAX:g} s")
        self._record = replace(self._record, latch_s=self._elapsed_s())
        self._until(_is_empty, EMPTY_S_MAX, "KILLED with zero own orders")
        self._record = replace(self._record, empty_s=self._elapsed_s())
        self._until(lambda state: self._is_back(state, latch.kill_id), RUNNING_S_MAX, "RUNNING")
        self._record = replace(
            self._record, running_s=self._elapsed_s(), passed=True, text="passed"
        )

    def _is_back(self, state: Answer, kill_id: str) -> bool:
        """Whether the daemon is RUNNING again.

        While it is KILLED, request the re-arm again every REARM_AGAIN_S seconds.
        """
        if state.get("trading_state") == "RUNNING" and Latch(self._folder).read() is None:
            return True
        if state.get("trading_state") == "KILLED" and time.monotonic() >= self._rearm_s:
            self._rearm_s = time.monotonic() + REARM_AGAIN_S
            rearm(self._folder, kill_id)
        return False

    def _until(self, condition: Callable[[Answer], bool], seconds: float, what: str) -> None:
        end_s = time.monotonic() + seconds
        while not condition(self._state()):
            if time.monotonic() > end_s:
                raise DrillFailed(
                    f"drill: the daemon was not {what} within {seconds:g} s; see `quoter status`"
                )
            time.sleep(POLL_S)

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._start_s

    def _state(self) -> Answer:
        host, port = self._address
        try:
            reply = call(self._address, "GET", "/state", seconds=ANSWER_S_MAX)
        except NoAnswer as error:
            raise DrillFailed(f"drill: no answer from {host}:{port} to /state: {error}") from None
        if not reply.body:
            raise DrillFailed(f"drill: {host}:{port} did not answer /state with a JSON object")
        return reply.body


def _is_empty(state: Answer) -> bool:
    return state.get("trading_state") == "KILLED" and state.get("orders") == []
