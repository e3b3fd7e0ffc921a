"""Does another daemon run as this instance? Its orders bear our prefix, but another run's id."""

from quoter.domain.events import OrderDone, OrderOpen
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder


class DuplicateInstance:
    """Tells orders of this run from those of others by their ids (reliability.md K6)."""

    def __init__(
        self,
        *,
        own_prefix: str,
        run_prefix: str,
        earlier_runs: frozenset[str] | None,
        causes: HaltCauses,
    ) -> None:
        """`earlier_runs`: prefixes of our own runs of before; None if nobody knows them."""
        self._own_prefix = own_prefix
        self._run_prefix = run_prefix
        self._earlier_runs = None if earlier_runs is None else tuple(earlier_runs)
        self._causes = causes

    def is_of_other_run(self, client_id: str) -> bool:
        """Is this an order of our instance that another run sent?"""
        is_own = client_id.startswith(self._own_prefix)
        return is_own and not client_id.startswith(self._run_prefix)

    def on_order_event(self, told: OrderOpen | OrderDone, step: StepBuilder) -> None:
        """The private stream tells everybody's orders, long before the next list of open ones.

        Who hears the other first stops; the end of its orders then tells the other, if it hears of
        any. But orders of earlier runs of ours may end late, and mean nothing.
        """
        if isinstance(told, OrderOpen):
            if self.is_of_other_run(told.order.client_id):
                self.raise_cause(f"{told.order.client_id} is open", step)
            return
        name, earlier = told.client_id, self._earlier_runs
        if earlier is not None and self.is_of_other_run(name) and not name.startswith(earlier):
            self.raise_cause(f"{name} ended", step)

    def raise_cause(self, what: str, step: StepBuilder) -> None:
        text = f"{what}: another daemon runs as this instance"
        self._causes.raise_cause(step, Cause.DUPLICATE_INSTANCE, text)
