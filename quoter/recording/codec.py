"""Binary form of a recording's content: header, events, decisions and end.

The form follows from the type annotations of `quoter/domain/events.py` and `commands.py`: a new
field of an event or command needs no change here. Decimals are stored as text and floats exactly. A
change of these types makes older recordings unreadable; increase FORMAT with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAliasType, get_args

import msgspec
from msgspec.msgpack import Decoder, Encoder

from quoter.domain import events
from quoter.domain.commands import Command
from quoter.domain.events import Event, OperatorCommand
from quoter.domain.step import Step
from quoter.domain.trading import TradingState
from quoter.engine.config import EngineConfig

FORMAT: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first record of each file: run, code and settings of the recording.

    settings: all settings as text, secrets as "set" or "unset". config: the configuration of the
    engine, restored state included; None if a market was recorded without an engine. fills: fill
    model, latency and seed of simulated fills, as texts; empty if a venue filled the orders, and in
    recordings of older versions.
    """

    run: str
    started_ns: int
    version: str
    code_hash: str
    config_hash: str
    exchange: str
    symbol: str
    settings: Mapping[str, str]
    config: EngineConfig | None
    fills: Mapping[str, str] = field(default_factory=dict)

    @property
    def fills_text(self) -> str:
        """The fill model and the latencies, as a sentence; empty if `fills` is empty."""
        if not self.fills:
            return ""
        terms = ", ".join(f"{name} {text}" for name, text in self.fills.items())
        return f"Fills are simulated: {terms}."


class Decision(NamedTuple):
    """The commands of one step, and the trading state if the step changed it.

    A step with neither is not recorded.
    """

    seq: int
    commands: tuple[Command, ...]
    state: TradingState | None = None

    @classmethod
    def of(cls, step: Step) -> "Decision":
        """Return the decision of a step."""
        return cls(step.seq, step.commands, None if step.state is None else step.state.after)


NO_STATE: Final = msgspec.Raw(msgspec.msgpack.encode(None))


class Checkpoint(NamedTuple):
    """State of the engine between two events, so that a replay can begin with this file.

    It follows the header of every file except the first; `state` comes from `engine_state.py`. In
    the recording of a market without an engine, `state` is NO_STATE, and rules and book follow.
    """

    ts_ns: int
    state: msgspec.Raw


class End(NamedTuple):
    """The last record of a recording that was closed normally."""

    ts_ns: int
    events: int


type Record = Header | Event | Decision | Checkpoint | End


class UnreadableRecord(ValueError):
    """Bytes that are not a record of this format."""


class _CodedDecision(NamedTuple):
    seq: int
    commands: tuple[tuple[str, msgspec.Raw], ...]
    state: TradingState | None


def encode(records: Sequence[Record]) -> bytes:
    """Return records as bytes. Raises TypeError for a value that can't be recorded."""
    return _ENCODER.encode([_named(record) for record in records])


def decode(data: bytes) -> Iterator[Record]:
    """Yield the records in the result of `encode`. Raises UnreadableRecord."""
    try:
        for name, raw in _RECORDS.decode(data):
            if name == _DECISION:
                yield _decision(raw)
            else:
                yield _DECODERS[name].decode(raw)
    except KeyError as error:
        raise UnreadableRecord(f"a record of unknown type {error}") from None
    except msgspec.MsgspecError as error:
        raise UnreadableRecord(str(error)) from None


def with_texts(data: bytes, change: Callable[[str], str]) -> bytes:
    """Return the result of `encode` with every text changed by `change`."""
    return _ENCODER.encode(_changed(msgspec.msgpack.decode(data), change))


def _changed(value: object, change: Callable[[str], str]) -> object:
    match value:
        case str():
            return change(value)
        case list():
            return [_changed(item, change) for item in value]
        case dict():
            return {_changed(key, change): _changed(item, change) for key, item in value.items()}
        case _:
            return value


def _named(record: Record) -> tuple[str, object]:
    if isinstance(record, Decision):
        commands = tuple((type(command).__name__, command) for command in record.commands)
        return _DECISION, (record.seq, commands, record.state)
    return type(record).__name__, record


def _decision(raw: msgspec.Raw) -> Decision:
    coded = _DECISIONS.decode(raw)
    commands = tuple(_COMMANDS[name].decode(command) for name, command in coded.commands)
    return Decision(coded.seq, commands, coded.state)


def _as_dict(value: object) -> object:
    """Return a mapping of another type as a dict. Raises TypeError for other types."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} can't be recorded")


def _members(union: TypeAliasType) -> Iterable[type]:
    """Yield the classes of a `type` statement, with subclasses in place of a base class."""
    for member in get_args(union.__value__):
        if isinstance(member, TypeAliasType):
            yield from _members(member)
        elif member is OperatorCommand:
            yield from _operator_commands()
        else:
            yield member


def _operator_commands() -> Iterator[type[OperatorCommand]]:
    for kind in vars(events).values():
        is_command = isinstance(kind, type) and issubclass(kind, OperatorCommand)
        if is_command and kind is not OperatorCommand:
            yield kind


EVENT_TYPES: Final = tuple(_members(Event))
COMMAND_TYPES: Final = tuple(_members(Command))

_DECISION: Final = Decision.__name__
_ENCODER: Final = Encoder(enc_hook=_as_dict)
_RECORDS: Final = Decoder(tuple[tuple[str, msgspec.Raw], ...])
_DECISIONS: Final = Decoder(_CodedDecision)
_DECODERS: Final[dict[str, Decoder[Record]]] = {
    kind.__name__: Decoder(kind) for kind in (*EVENT_TYPES, Header, Checkpoint, End)
}
_COMMANDS: Final[dict[str, Decoder[Command]]] = {
    kind.__name__: Decoder(kind) for kind in COMMAND_TYPES
}
