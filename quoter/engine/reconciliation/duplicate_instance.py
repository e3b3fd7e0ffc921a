"""Detects a second daemon of our instance: its orders have our prefix, but another run id."""

from quoter.domain.events import OrderDone, OrderOpen
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder


class DuplicateInstance:
    """Recognises by their ids the orders of other runs of our instance."""

    def __init__(
        self,
        *,
        own_prefix: str,
        run_prefix: str,
        earlier_runs: frozenset[str] | None,
        causes: HaltCauses,
    ) -> None:
        """Store the prefixes of ids.

        earlier_runs: prefixes of our earlier runs; None if they are not known.
        """
        self._own_prefix = own_prefix
        self._run_prefix = run_prefix
        self._earlier_runs = earlier_runs
        self._causes = causes

    def is_of_other_run(self, client_id: str) -> bool:
        """Whether another run of our instance sent this order."""
        is_own = client_id.startswith(self._own_prefix)
        return is_own and not client_id.startswith(self._run_prefix)

    def earlier_run(self, client_id: str) -> str | None:
        """Id prefix of the earlier run of ours that sent this order; None if no known run did."""
        if not self.is_of_other_run(client_id):
            return None
        return next((run for run in self._earlier_runs or () if client_id.startswith(run)), None)

    def on_order_event(self, event: OrderOpen | OrderDone, step: StepBuilder) -> None:
        """Raise DUPLICATE_INSTANCE for an open or ended order of another run.

        The private stream reports all orders of the account, long before the next list of open
        orders. The daemon that first sees an order of the other one stops. Its cancels then show
        the other daemon that there are two. Ends of orders of our own earlier runs are ignored,
        because they may arrive late.
        """
        if isinstance(event, OrderOpen):
            if self.is_of_other_run(event.order.client_id):
                self.raise_cause(f"order {event.order.client_id} is open", step)
            return
        name = event.client_id
        is_judged = self._earlier_runs is not None and self.is_of_other_run(name)
        if is_judged and self.earlier_run(name) is None:
            self.raise_cause(f"order {name} ended", step)

    def raise_cause(self, what: str, step: StepBuilder) -> None:
        text = (
            f"{what}, which this run never sent: another daemon trades with our QUOTER_INSTANCE on "
            "this account"
        )
        self._causes.raise_cause(step, Cause.DUPLICATE_INSTANCE, text)
