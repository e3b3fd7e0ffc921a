"""The parts of an engine that people reach: operators' wishes, the way out of a kill, the knobs."""

from typing import TYPE_CHECKING

from quoter.domain.events import Operator, ParamsChanged
from quoter.engine.knobs import Knobs
from quoter.engine.operators import Operators
from quoter.engine.rearming import Rearming
from quoter.engine.turn import Turn

if TYPE_CHECKING:
    from quoter.engine.parts import Parts


class Controls:
    """Built last: it acts on all the others."""

    def __init__(self, parts: "Parts") -> None:
        config = parts.config
        self.knobs = Knobs(
            config, learning=parts.learning, quoting=parts.quoting, placing=parts.placing
        )
        self._rearming = Rearming(
            orders=parts.orders,
            inventory=parts.inventory,
            inventory_max=config.limits.inventory_max,
            reconcile=parts.reconcile,
            book=parts.market.book,
        )
        self._operators = Operators(causes=parts.causes, rearming=self._rearming)

    def handle(self, event: Operator | ParamsChanged, turn: Turn) -> None:
        """Do what was asked for."""
        if isinstance(event, Operator):
            self._operators.handle(event, turn)
        else:
            self.knobs.handle(event, turn)

    def raised(self, turn: Turn) -> None:
        """Causes came up in this turn."""
        self._rearming.heard(turn)
