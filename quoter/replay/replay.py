"""Gives the events of a recording to a fresh engine, and compares its decisions with the run's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from quoter.domain.events import Event
from quoter.domain.step import Step
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.recording.blocks import RecordingError
from quoter.recording.codec import Decision, Header
from quoter.recording.engine_state import load
from quoter.recording.reader import Place, Recording

type Follow = Callable[[Step], None]

EVENTS_PER_REPORT: Final = 1_000  # between two calls of `progress`


class Difference(NamedTuple):
    """The first step whose decisions differ.

    recorded, replayed: None if there was no command and no change of state.
    """

    place: Place
    event: Event
    seq: int
    recorded: Decision | None
    replayed: Decision | None


class Failure(NamedTuple):
    """An event on which the engine raised an error."""

    place: Place
    event: Event
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Result of a replay. Events after a difference or a failure are not replayed."""

    events: int
    commands: int
    first_ns: int  # time of the first and last event; 0 if there is none
    last_ns: int
    difference: Difference | None
    failure: Failure | None
    is_complete: bool  # the recording was closed normally, and the replay reached its end


def replay(
    recording: Recording,
    *,
    follower: Callable[[Engine], Follow] | None = None,
    progress: Callable[[int], None] | None = None,
    until_ns: int | None = None,
) -> Replayed:
    """Replay a recording up to its end, to `until_ns` (not included) or to the first difference.

    If its first files were removed, the replay begins at its checkpoint. follower: takes the fresh
    engine and returns the function that is called after each of its steps. progress: called with
    the number of bytes read so far.

    Raises OSError, or RecordingError, also for a recording without an engine.
    """
    engine = Engine(config_of(recording.header))
    if recording.checkpoint is not None:
        load(engine, recording.checkpoint.state)
    follow = follower(engine) if follower is not None else None
    return _Replay(recording, engine, follow, progress, until_ns).run()


def config_of(header: Header) -> EngineConfig:
    """Return the configuration of the run's engine. Raises RecordingError if it had none."""
    if header.config is None:
        raise RecordingError(
            f"{header.run}: this recording of `quoter record` has a market but no decisions: use "
            "`quoter backtest`"
        )
    return header.config


class _Replay:
    def __init__(
        self,
        recording: Recording,
        engine: Engine,
        follow: Follow | None,
        progress: Callable[[int], None] | None,
        until_ns: int | None,
    ) -> None:
        self._recording, self._engine, self._until_ns = recording, engine, until_ns
        self._follow, self._progress = follow, progress
        self._events = self._commands = self._first_ns = self._last_ns = 0
        self._last: tuple[Place, Event] | None = None
        self._due: Decision | None = None  # decision of the replay that is not yet compared

    def run(self) -> Replayed:
        difference, failure = None, None
        for place, record in self._records():
            if isinstance(record, Decision):
                difference = self._compare(record)
            else:
                difference = self._compare(None)
                if difference is None:
                    failure = self._handle(place, record)
            if difference is not None or failure is not None:
                break
        else:
            # A crash may cut the file between an event and its decision.
            if self._recording.end is not None:
                difference = self._compare(None)
        return Replayed(
            events=self._events,
            commands=self._commands,
            first_ns=self._first_ns,
            last_ns=self._last_ns,
            difference=difference,
            failure=failure,
            is_complete=self._recording.end is not None,
        )

    def _records(self) -> Iterator[tuple[Place, Event | Decision]]:
        """Yield the records before the end of the period."""
        for place, record in self._recording.records():
            is_late = False
            if not isinstance(record, Decision) and self._until_ns is not None:
                is_late = record.ts_ns >= self._until_ns
            if is_late:
                return
            yield place, record

    def _handle(self, place: Place, event: Event) -> Failure | None:
        try:
            step = self._engine.handle(event)
        except Exception as error:  # noqa: BLE001 - it is what the replay looks for
            return Failure(place, event, error)
        self._events += 1
        self._commands += len(step.commands)
        self._first_ns, self._last_ns = self._first_ns or event.ts_ns, event.ts_ns
        self._last = place, event
        if step.commands or step.state is not None:
            self._due = Decision.of(step)
        if self._follow is not None:
            self._follow(step)
        if self._progress is not None and self._events % EVENTS_PER_REPORT == 0:
            self._progress(self._recording.bytes_read)
        return None

    def _compare(self, recorded: Decision | None) -> Difference | None:
        """Compare the decisions about the last event; return the difference, None if equal.

        recorded: None if the run decided nothing. Raises RecordingError before the first event.
        """
        replayed, self._due = self._due, None
        if recorded == replayed:
            return None
        if self._last is None:
            raise RecordingError("the recording begins with a decision, without its event")
        place, event = self._last
        return Difference(place, event, self._engine.seq, recorded, replayed)
