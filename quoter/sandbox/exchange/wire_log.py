"""Log of received requests that create, cancel or change orders."""

from collections import deque
from dataclasses import dataclass
from itertools import islice

from quoter.sandbox.protocol.payloads import Json

ENTRIES_MAX = 20_000  # 30 MB


@dataclass(slots=True, kw_only=True)
class WireEntry:
    """One request as received; `outcome` is set when it has been processed."""

    seq: int
    received_ns: int
    transport: str  # "rest" or "ws"
    operation: str
    api_key: str
    parameters: dict[str, str]
    outcome: str = "pending"  # "accepted", "rejected" or "pending"
    code: int = 0
    faults: tuple[str, ...] = ()

    def row(self) -> Json:
        """Return the entry as a row of the admin API; it has no secret and no signature."""
        sent = self.parameters
        return {
            "seq": self.seq,
            "received_ns": self.received_ns,
            "transport": self.transport,
            "operation": self.operation,
            "api_key": self.api_key,
            "symbol": sent.get("symbol", ""),
            "client_id": sent.get("newClientOrderId", ""),
            "orig_client_id": sent.get(
                "origClientOrderId", sent.get("cancelOrigClientOrderId", "")
            ),
            "order_id": sent.get("orderId", sent.get("cancelOrderId", "")),
            "side": sent.get("side", ""),
            "type": sent.get("type", ""),
            "price": sent.get("price", ""),
            "size": sent.get("quantity", sent.get("newQty", "")),
            "outcome": self.outcome,
            "code": self.code,
            "faults": list(self.faults),
        }


class WireLog:
    """The newest ENTRIES_MAX requests, oldest first; `seq` has no gaps."""

    def __init__(self) -> None:
        self._entries: deque[WireEntry] = deque(maxlen=ENTRIES_MAX)
        self._seq = 0

    def add(
        self,
        *,
        received_ns: int,
        transport: str,
        operation: str,
        api_key: str,
        parameters: dict[str, str],
    ) -> WireEntry:
        """Add a request on arrival, before any check."""
        self._seq += 1
        entry = WireEntry(
            seq=self._seq,
            received_ns=received_ns,
            transport=transport,
            operation=operation,
            api_key=api_key,
            parameters=parameters,
        )
        self._entries.append(entry)
        return entry

    def since(self, seq: int) -> list[Json]:
        """Return the kept entries with a number above `seq` as rows, oldest first."""
        first = self._seq - len(self._entries)  # the kept entries are numbered first + 1 and up
        return [entry.row() for entry in islice(self._entries, max(0, seq - first), None)]
