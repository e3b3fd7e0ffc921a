"""Orders out against intents in: the serialised request must say what was approved."""

from decimal import Decimal
from urllib.parse import parse_qs

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.venues.parse import decimal
from quoter.venues.transport import Call, LastInch


class BinanceCreate:
    """Compares the form of POST /api/v3/order with the registered intent, field by field."""

    def __init__(self, venue_symbol: str) -> None:
        self._venue_symbol = venue_symbol

    def __call__(self, gate: LastInch, call: Call, url: str, body: str) -> None:
        """Raise GateShut at the first difference."""
        order = gate.intent(call.client_id)
        if order is None:
            raise gate.refuse(f"no intent is registered for {call.client_id!r}")
        if not url.partition("?")[0].endswith("/order"):
            raise gate.refuse(f"a create goes to /order, not to {url.partition('?')[0]}")
        form = {name: values[0] for name, values in parse_qs(body).items() if len(values) == 1}
        for name, expected in self._expected(order).items():
            said = form.get(name, "")
            same = decimal(said) == expected if isinstance(expected, Decimal) else said == expected
            if not same:
                raise gate.refuse(f"{call.client_id}: {name} is {said!r}, approved {expected!r}")

    def _expected(self, order: PlaceOrder) -> dict[str, str | Decimal]:
        rests = order.time_in_force is TimeInForce.POST_ONLY
        return {
            "symbol": self._venue_symbol,
            "side": order.side.value,
            "type": "LIMIT_MAKER" if rests else "LIMIT",
            "timeInForce": "" if rests else "IOC",
            "newClientOrderId": order.client_id,
            "price": order.price,
            "quantity": order.size,
        }
