"""Kill, re-arm and resume by file, and kill by signal: the daemon's side.

They need no token and no network.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import structlog

from quoter.domain.events import Alarm, Kill, Rearm, Resume
from quoter.domain.outcomes import EngineOutcome, RefusalReason, Refused
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.service.data_folder import (
    KILL_REQUEST,
    REARM_REQUEST,
    RESUME_REQUEST,
    DataFolder,
    Request,
)
from quoter.service.killswitch.controller import NEWER_KILL, KillSwitchController
from quoter.service.killswitch.file_requests import RearmAnswer, RearmRequest, ResumeRequest
from quoter.service.killswitch.latch import Latch, LatchRecord, new_record
from quoter.service.operator_commands.entrance import OperatorCommands
from quoter.venues.ports import Emit

log = structlog.get_logger()

REARM_RETRIED_NS = 30_000_000_000  # a re-arm by file is retried for so long while it is refused
REARM_INTERVAL_NS = 1_000_000_000
SIGNAL_AFTER_NS = 1_000_000_000  # `quoter kill` sends its signal right after it has left its file


class _WaitingRearm(NamedTuple):
    """A re-arm by file that is retried until its conditions hold."""

    command: Rearm
    kills_seen: int  # count when the re-arm was accepted; any later kill ends it
    until_ns: int
    next_ns: int
    refused: Refused | None = None  # the newest refusal


def _latch_in(folder: Path, record: LatchRecord) -> None:
    try:
        Latch(folder).save(record)
    except OSError as error:
        log.critical("latch_not_written", error=str(error))


class FileCommands:
    """Carries out the KILL, REARM and RESUME files of the data folder, and the kill signal.

    `folder` is None in a dry run: then only the signal remains.
    """

    def __init__(
        self,
        *,
        folder: DataFolder | None,
        kill_switch: KillSwitchController,
        commands: OperatorCommands,
        post: Emit,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._kill_switch = kill_switch
        self._commands = commands
        self._post = post
        self._clock = clock
        self._is_folder_lost = False
        self._kill_file: Request | None = None  # carried out; removed once the latch is on disk
        self._signal_until_ns = 0  # until then a signal may belong to a KILL file found first
        self._resume_file: Request | None = None  # carried out, in case it can't be removed
        self._rearm: _WaitingRearm | None = None
        self._answer: RearmAnswer | None = None  # the newest that was written
        kill_switch.when_settled(self._remove_kill_file)

    def check(self) -> None:
        """Carry out the files that are there, and adopt a latch of another process.

        Kill if the data folder is no longer at its path.
        """
        if self._folder is None:
            return
        if self._kill_by_file("file"):
            self._signal_until_ns = self._clock.now_ns() + SIGNAL_AFTER_NS
        requested = self._folder.take_request(REARM_REQUEST)
        if requested is not None:
            self._accept_rearm(requested)
        if self._rearm is not None:
            self._retry_rearm(self._rearm)
        self._resume_by_file(self._folder)
        if not self._is_folder_lost and self._folder.is_lost():
            self._is_folder_lost = True
            self._kill_for_lost_folder(self._folder)
        alarm = self._kill_switch.adopt_foreign_latch()
        if alarm is not None:
            self._post(alarm)

    # kills

    def kill_by_signal(self) -> None:
        """Carry out SIGUSR1 and a KILL file as one kill, if the file is new or was just found.

        Without such a file the signal is a kill of its own.
        """
        if self._kill_by_file("signal"):
            return
        is_of_file = self._kill_switch.latched is not None and (
            self._clock.now_ns() <= self._signal_until_ns
        )
        self._signal_until_ns = 0
        reason = "of the KILL file" if is_of_file else "SIGUSR1"
        self._kill("signal", reason, same_kill=is_of_file)

    def _kill_by_file(self, actor: str) -> bool:
        """Carry out a new KILL file; return whether there was one.

        The file stays until the latch is on the disk, in case the process ends.
        """
        request = self._folder.request(KILL_REQUEST) if self._folder is not None else None
        if request is None or request == self._kill_file:
            return False
        self._kill_file = request
        self._kill(actor, request.text or "KILL file")
        return True

    def _kill(self, actor: str, reason: str, *, same_kill: bool = False) -> None:
        command = Kill(ts_ns=self._clock.now_ns(), actor=actor, reason=reason)
        self._commands.send(command, same_kill=same_kill)

    def _remove_kill_file(self) -> None:
        """Remove the KILL file that was carried out: its kill is on the disk."""
        folder, request = self._folder, self._kill_file
        if folder is not None and request is not None and folder.drop(KILL_REQUEST, request):
            self._kill_file = None

    def _kill_for_lost_folder(self, folder: DataFolder) -> None:
        """Kill the daemon: no later start would read what is written to a lost folder."""
        moved = folder.moved_to()
        where = f"now {moved}" if moved is not None else "it was deleted"
        text = (
            f"the data folder {folder.path} is gone ({where}): "
            "stop the daemon, put the folder back, start again"
        )
        log.critical("data_folder_lost", path=str(folder.path), moved_to=str(moved))
        now_ns = self._clock.now_ns()
        self._post(Alarm(ts_ns=now_ns, cause=Cause.LEDGER_FAILED, active=True, text=text))
        if moved is not None:  # in a thread: a slow disk must not delay the cancels
            record = new_record(Cause.LEDGER_FAILED, text, now_ns)
            Thread(target=_latch_in, args=(moved, record), daemon=True).start()

    # resumes

    def _resume_by_file(self, folder: DataFolder) -> None:
        """Carry out a RESUME file once: it clears latched pauses, never a kill."""
        request = folder.request(RESUME_REQUEST)
        if request is None or request == self._resume_file:
            return
        self._resume_file = request
        folder.drop(RESUME_REQUEST, request)
        given = ResumeRequest.parse(request.text)
        command = Resume(
            ts_ns=self._clock.now_ns(), actor="file", reason=given.reason, seen=given.seen
        )
        self._commands.send(command)

    # re-arms

    def _accept_rearm(self, text: str) -> None:
        try:
            request = RearmRequest.parse(text)
        except ValueError as error:
            log.warning("rearm_refused", given=text, actor="file", reason=str(error))
            return
        now_ns = self._clock.now_ns()
        command = Rearm(
            ts_ns=now_ns,
            actor="file",
            reason=request.reason,
            kill_id=request.kill_id,
            accept_inventory=request.accept_inventory,
        )
        self._answer = self._rearm = None
        if self._commands.refusal(command) is not None:
            self._commands.send(command, partial(self._refused_at_once, command))
        else:
            kills_seen = self._kill_switch.kills_seen
            until_ns = now_ns + REARM_RETRIED_NS
            self._rearm = _WaitingRearm(command, kills_seen, until_ns, now_ns)

    def _refused_at_once(self, command: Rearm, outcome: EngineOutcome) -> None:
        if isinstance(outcome, Refused):
            self._give_up(command, outcome.text)

    def _retry_rearm(self, waiting: _WaitingRearm) -> None:
        command, now_ns = waiting.command, self._clock.now_ns()
        if self._kill_switch.kill_id() is None:
            self._rearm = None  # re-armed by another command
        elif (
            self._kill_switch.kill_id() != command.kill_id
            or self._kill_switch.kills_seen != waiting.kills_seen
        ):
            self._give_up(command, NEWER_KILL)
        elif now_ns > waiting.until_ns:
            self._give_up(command, f"not done within {REARM_RETRIED_NS / NS_PER_S:g} s")
        elif now_ns >= waiting.next_ns:
            self._rearm = waiting._replace(next_ns=now_ns + REARM_INTERVAL_NS)
            self._commands.send(
                replace(command, ts_ns=now_ns), self._rearm_outcome, refused_before=waiting.refused
            )

    def _rearm_outcome(self, outcome: EngineOutcome) -> None:
        """Handle the outcome of one attempt: end the re-arm, or keep the refusal for the answer."""
        if self._rearm is None:
            return
        command = self._rearm.command
        match outcome:
            case Refused(reason=RefusalReason.NEWER_KILL):
                self._give_up(command, outcome.text)
            case Refused():
                self._rearm = self._rearm._replace(refused=outcome)
                self._write_answer(RearmAnswer(command.kill_id, outcome.text, is_final=False))
            case _:
                self._rearm = None

    def _give_up(self, command: Rearm, text: str) -> None:
        """End a re-arm with a final answer that repeats the newest refusal."""
        if self._answer is not None:
            text = f"{text}: {self._answer.text}"
        self._rearm = None
        log.warning("rearm_abandoned", kill_id=command.kill_id, reason=text)
        self._write_answer(RearmAnswer(command.kill_id, text, is_final=True))

    def _write_answer(self, answer: RearmAnswer) -> None:
        """Leave an answer for `quoter rearm`, unless the same answer is there already."""
        if self._folder is None or answer == self._answer:
            return
        self._answer = answer
        try:
            answer.write(self._folder.path)
        except OSError as error:
            log.warning("rearm_answer_not_written", error=str(error))
