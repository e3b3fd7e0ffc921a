"""Where messages between us and the venue can be lost, told twice or held back."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from quoter.domain.commands import Command
from quoter.domain.events import Event
from quoter.domain.units import NS_PER_MS


class Channel(StrEnum):
    """One direction of one connection."""

    MARKET = "market"  # public news
    PRIVATE = "private"  # news of our orders
    REQUEST = "request"  # our commands
    ANSWER = "answer"  # what the venue replies to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long each way takes, and how long we wait for an answer."""

    market_ns: int = 5 * NS_PER_MS
    private_ns: int = 10 * NS_PER_MS
    request_ns: int = 10 * NS_PER_MS
    answer_ns: int = 10 * NS_PER_MS
    timeout_ns: int = 5_000 * NS_PER_MS

    def of(self, channel: Channel) -> int:
        match channel:
            case Channel.MARKET:
                return self.market_ns
            case Channel.PRIVATE:
                return self.private_ns
            case Channel.REQUEST:
                return self.request_ns
            case Channel.ANSWER:
                return self.answer_ns


# Public news is there before what it did to us: no quote follows a fill into a book that has moved.
INSTANT = Latency(market_ns=0, private_ns=NS_PER_MS, request_ns=0, answer_ns=0)


class Seam(Protocol):
    """Decides the fate of every message; a fault injector is one of these with a seed."""

    def times(self, channel: Channel, message: Event | Command, due_ns: int) -> Sequence[int]:
        """When a message due at `due_ns` arrives: nothing is lost, twice is told twice.

        A market or private message that is held back is overtaken by the next ones. A lost request
        or answer ends, for us, in the answer that a time-out gives.
        """


class Faithful:
    """Everything arrives once and in time."""

    def times(self, channel: Channel, message: Event | Command, due_ns: int) -> Sequence[int]:
        return (due_ns,)
