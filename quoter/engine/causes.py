"""The kill switch as the engine's parts use it: every change is told in the turn."""

from quoter.domain.trading import Cause, TradingState
from quoter.engine.turn import Turn
from quoter.risk.kill_switch import KillSwitch


class Causes:
    """Raises and settles causes, and writes each change into the turn it happened in."""

    def __init__(self) -> None:
        self.switch = KillSwitch()

    @property
    def state(self) -> TradingState:
        return self.switch.state

    def trip(self, turn: Turn, cause: Cause, text: str) -> None:
        if self.switch.trip(cause, text):
            turn.raised.append((cause, text))

    def settle(self, turn: Turn, cause: Cause) -> None:
        if self.switch.settle(cause):
            turn.cleared.append(cause)

    def hold(self, turn: Turn, cause: Cause, *, active: bool, text: str) -> None:
        """Keep a cause in step with its condition."""
        if active:
            self.trip(turn, cause, text)
        else:
            self.settle(turn, cause)

    def resume(self, turn: Turn) -> None:
        turn.cleared.extend(self.switch.resume())

    def rearm(self, turn: Turn) -> None:
        turn.cleared.extend(self.switch.rearm())
