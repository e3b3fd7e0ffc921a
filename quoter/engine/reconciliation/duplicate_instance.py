"""Detects a second daemon with our instance name: its orders have our prefix but another run id."""

from quoter.domain.events import OrderDone, OrderOpen
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder


class DuplicateInstance:
    """Distinguishes orders of this run from those of other runs of the instance by their ids."""

    def __init__(
        self,
        *,
        own_prefix: str,
        run_prefix: str,
        earlier_runs: frozenset[str] | None,
        causes: HaltCauses,
    ) -> None:
        """`earlier_runs`: id prefixes of our own earlier runs; None if they are not known."""
        self._own_prefix = own_prefix
        self._run_prefix = run_prefix
        self._earlier_runs = None if earlier_runs is None else tuple(earlier_runs)
        self._causes = causes

    def is_of_other_run(self, client_id: str) -> bool:
        """Whether this is an order of our instance that another run sent."""
        is_own = client_id.startswith(self._own_prefix)
        return is_own and not client_id.startswith(self._run_prefix)

    def on_order_event(self, event: OrderOpen | OrderDone, step: StepBuilder) -> None:
        """Raise DUPLICATE_INSTANCE for an open or ended order of another run.

        The private stream reports all orders of the account, long before the next list of open
        orders. The daemon that first sees an order of the other one stops, and its cancels then
        show the other daemon that there are two. Orders of our own earlier runs may end late; they
        prove nothing.
        """
        if isinstance(event, OrderOpen):
            if self.is_of_other_run(event.order.client_id):
                self.raise_cause(f"{event.order.client_id} is open", step)
            return
        name, earlier = event.client_id, self._earlier_runs
        if earlier is not None and self.is_of_other_run(name) and not name.startswith(earlier):
            self.raise_cause(f"{name} ended", step)

    def raise_cause(self, what: str, step: StepBuilder) -> None:
        text = f"{what}: another daemon runs as this instance"
        self._causes.raise_cause(step, Cause.DUPLICATE_INSTANCE, text)
