"""Latency of messages between engine and venue; tests also lose, repeat and delay messages here."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from quoter.domain.commands import Command
from quoter.domain.events import Event
from quoter.domain.units import NS_PER_MS


class Channel(StrEnum):
    """Kinds of connections between engine and venue, by direction."""

    MARKET = "market"  # public data
    PRIVATE = "private"  # reports on our orders and fills
    REQUEST = "request"  # our commands
    ANSWER = "answer"  # the venue's answers to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Delay of each channel, and time-out of a gateway for an answer; nanoseconds."""

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


class Seam(Protocol):
    """Decides when each message arrives, if at all. Fault injectors implement it."""

    def times(self, channel: Channel, message: Event | Command, due_ns: int) -> Sequence[int]:
        """Return the times at which a message that is due at `due_ns` arrives.

        An empty result means that it is lost, two times that it is repeated. Later messages may
        overtake a delayed one. After a lost request or answer, the gateway's time-out follows.
        """


class NoFaults:
    """A seam without faults: every message arrives once and in time."""

    def times(
        self,
        channel: Channel,  # noqa: ARG002 - a parameter of the protocol
        message: Event | Command,  # noqa: ARG002 - a parameter of the protocol
        due_ns: int,
    ) -> Sequence[int]:
        return (due_ns,)
