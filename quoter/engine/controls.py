"""The parts of an engine that people reach: operators' wishes, the way out of a kill, the knobs."""

from typing import TYPE_CHECKING

from quoter.domain.events import Operator, ParamsChanged
from quoter.domain.trading import TradingState
from quoter.engine.knobs import Knobs
from quoter.engine.operators import Operators
from quoter.engine.rearming import Rearming
from quoter.engine.turn import Turn
from quoter.risk.kill_switch import SEVERITY

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
            standing=lambda: _standing(parts),
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
        if any(SEVERITY[cause].state is TradingState.KILLED for cause, _ in turn.raised):
            self._rearming.killed(turn)
            self._operators.killed(turn)


def _standing(parts: "Parts") -> str:
    """What the first look after a re-arm would kill us for; orders could leave before that look."""
    for cause, text in parts.losses.breaches():
        return f"{cause}: {text}: it counts from the start: stop, re-arm, start again"
    return parts.reconcile.foreign.against_rearming
