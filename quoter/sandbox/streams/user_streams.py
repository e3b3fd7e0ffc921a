"""User streams: subscriptions to account events, and the faults that affect them."""

import asyncio
from collections.abc import Sequence

import msgspec

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.exchange.faults import FaultKind, Faults
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.answers import bad_request
from quoter.sandbox.protocol.payloads import Json
from quoter.sandbox.streams.sockets import Socket
from quoter.sim.messages import BalanceNews, ExecutionReport, News

DELAYED_MAX = 10_000


class UserStreams:
    """Subscriptions by account; each socket numbers its own subscriptions."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._subscriptions: dict[tuple[Socket, str], int] = {}
        self._next_id: dict[Socket, int] = {}
        self._delayed: set[asyncio.TimerHandle] = set()

    def subscribe(self, socket: Socket, api_key: str) -> int:
        """Subscribe and return the id. Raises ApiError(-2035) if the key is subscribed already."""
        if (socket, api_key) in self._subscriptions:
            raise bad_request(-2035, "User Data Stream subscription already active.")
        number = self._next_id.get(socket, 0)
        self._next_id[socket] = number + 1
        self._subscriptions[socket, api_key] = number
        return number

    def unsubscribe(self, socket: Socket, number: int | None) -> None:
        """End one subscription, or all of the socket; send `eventStreamTerminated` for each.

        `number`: None for all. Raises ApiError(-2036) if the socket has no such subscription.
        """
        mine = [
            (key, held)
            for key, held in self._subscriptions.items()
            if key[0] is socket and number in (None, held)
        ]
        if not mine and number is not None:
            raise bad_request(-2036, "User Data Stream subscription not active.")
        for key, held in mine:
            del self._subscriptions[key]
            event: Json = {
                "e": "eventStreamTerminated",
                "E": self._venue.now_ns() // NS_PER_MS,
            }
            # The answer to the request goes out first.
            asyncio.get_running_loop().call_soon(_send, socket, held, event)

    def active(self, socket: Socket) -> list[Json]:
        """Return the subscription ids of one socket."""
        held = (number for key, number in self._subscriptions.items() if key[0] is socket)
        return [{"subscriptionId": number} for number in held]

    def forget(self, socket: Socket) -> None:
        """Remove all subscriptions of a closed socket."""
        self._next_id.pop(socket, None)
        for key in [key for key in self._subscriptions if key[0] is socket]:
            del self._subscriptions[key]

    def receive(self, news: Sequence[News]) -> None:
        """Send order and balance events to the sockets of their accounts."""
        for item in news:
            match item:
                case ExecutionReport():
                    event = payloads.execution_report(item, self._venue.next_execution_id())
                    self._deliver(item.account, item.order.symbol, event, item.kind.value)
                case BalanceNews():
                    self._deliver(item.account, "", payloads.account_position(item), "")
                case _:
                    pass

    def stop(self) -> None:
        """Discard delayed events."""
        for handle in self._delayed:
            handle.cancel()
        self._delayed.clear()

    def _deliver(self, account: str, symbol: str, event: Json, execution: str) -> None:
        events = (str(event["e"]), execution) if execution else (str(event["e"]),)
        faults = self._venue.faults
        if _fault_delay(faults, FaultKind.USER_EVENT_DROP, account, symbol, events) is not None:
            return
        copies = 1
        if (
            _fault_delay(faults, FaultKind.USER_EVENT_DUPLICATE, account, symbol, events)
            is not None
        ):
            copies = 2
        delay_s = _fault_delay(faults, FaultKind.USER_EVENT_DELAY, account, symbol, events)
        for _ in range(copies):
            if delay_s is None:
                self._send_to(account, event)
            else:
                self._send_later(delay_s, account, event)

    def _send_to(self, account: str, event: Json) -> None:
        for (socket, api_key), number in list(self._subscriptions.items()):
            if api_key == account:
                _send(socket, number, event)

    def _send_later(self, delay_s: float, account: str, event: Json) -> None:
        if len(self._delayed) >= DELAYED_MAX:
            self._venue.counts["user_events_lost_in_delay"] += 1
            return

        def send() -> None:
            self._delayed.discard(handle)
            self._send_to(account, event)

        handle = asyncio.get_running_loop().call_later(delay_s, send)
        self._delayed.add(handle)


def _fault_delay(
    faults: Faults, kind: FaultKind, account: str, symbol: str, events: tuple[str, ...]
) -> float | None:
    """Return the delay of the fault that fires for this event, or `None`."""
    armed = faults.take(kind, symbol=symbol, api_key=account, events=events)
    return armed.fault.delay_s if armed else None


def _send(socket: Socket, number: int, event: Json) -> None:
    socket.send(msgspec.json.encode({"subscriptionId": number, "event": event}))
