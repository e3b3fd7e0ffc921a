"""Operator commands, re-arming and changes of live parameters, for one engine."""

from quoter.domain.events import LiveParamsChanged, OperatorCommand
from quoter.domain.outcomes import Refused
from quoter.domain.trading import TradingState
from quoter.engine.commands.live_params import LiveParamsHandler
from quoter.engine.commands.operator import CommandHandler
from quoter.engine.commands.rearming import Rearming
from quoter.engine.config import EngineConfig
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.limits.losses import Losses
from quoter.engine.market.view import MarketView
from quoter.engine.placing.placing import Placing
from quoter.engine.quoting.estimators import Estimators
from quoter.engine.quoting.quoting import Quoting
from quoter.engine.reconciliation.reconcile import Reconcile
from quoter.engine.step_builder import StepBuilder
from quoter.risk.kill_switch import SEVERITY
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrders


class Controls:
    """Passes operator commands and parameter changes to the component that carries them out."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        causes: HaltCauses,
        orders: OpenOrders,
        inventory: Inventory,
        market: MarketView,
        estimators: Estimators,
        quoting: Quoting,
        placing: Placing,
        reconcile: Reconcile,
        losses: Losses,
    ) -> None:
        self._losses, self._reconcile = losses, reconcile
        self.live_params = LiveParamsHandler(
            config, estimators=estimators, quoting=quoting, placing=placing
        )
        self._rearming = Rearming(
            orders=orders,
            inventory=inventory,
            inventory_max=config.limits.inventory_max,
            reconcile=reconcile,
            book=market.book,
            remaining_kill=self._remaining_kill,
        )
        self._handler = CommandHandler(causes=causes, rearming=self._rearming)

    def handle(self, event: OperatorCommand | LiveParamsChanged, step: StepBuilder) -> None:
        """Carry out one command or parameter change; `step.outcome` is the result."""
        if isinstance(event, OperatorCommand):
            name, step.outcome = event.action.value, self._handler.handle(event, step)
        else:
            name, step.outcome = "params", self.live_params.handle(event)
        if isinstance(step.outcome, Refused):
            step.add_anomaly(f"{name}_refused", step.outcome.text)

    def raised(self, step: StepBuilder) -> None:
        """After a kill in this step, end a flatten and request the reports that a re-arm needs."""
        if any(SEVERITY[cause].state is TradingState.KILLED for cause, _ in step.raised):
            self._rearming.killed(step)
            self._handler.killed(step)

    def _remaining_kill(self) -> str:
        """Return the condition that would kill again right after a re-arm, or an empty text.

        It is checked before the re-arm, because orders could be sent before the next check of the
        losses. The figures are those of the last check.
        """
        for cause, text in self._losses.breaches():
            return (
                f"{cause}: {text}; profit is measured from the start of the daemon: "
                "stop it, re-arm, start it again"
            )
        return self._reconcile.foreign.rearm_obstacle
