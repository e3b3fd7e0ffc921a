"""The kill switch controller with its inbox and every entrance, wired as the runner wires them."""

from collections.abc import Callable
from decimal import Decimal

from quoter.domain.events import Event, Kill, OperatorCommand, Rearm
from quoter.domain.outcomes import Refused
from quoter.domain.step import StateChange, Step
from quoter.domain.trading import TradingState
from quoter.ledger.rows import Operation
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.inbox import Inbox
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.killswitch.latch import LatchRecord
from quoter.service.operator_commands.audit import CommandAudit
from quoter.service.operator_commands.entrance import OperatorCommands
from quoter.service.operator_commands.file_commands import FileCommands
from quoter.service.pending_replies import PendingReplies
from quoter.venues.ports import OrderGateway


class StopsRig:
    """Kill switch, inbox and entrances; the test decides when events are handled."""

    def __init__(
        self,
        *,
        gateway: OrderGateway | None,
        folder: DataFolder | None,
        latched: LatchRecord | None,
        clock: Clock,
        state: Callable[[], TradingState] = lambda: TradingState.RUNNING,
        write: Callable[[Operation], None] | None = None,
        on_post: Callable[[], object] = lambda: None,
    ) -> None:
        """`state` is the engine's, `write` takes the ledger's rows."""
        self.clock = clock
        self._on_post = on_post
        self.controller = KillSwitchController(
            gateway=gateway, folder=folder, latched=latched, clock=clock
        )
        self.inbox = Inbox(self.controller)
        self.replies = PendingReplies(self.post)
        redactor = folder.redactor if folder is not None else None
        self.audit = CommandAudit(write=write, clock=clock, redactor=redactor)
        self.commands = OperatorCommands(
            kill_switch=self.controller, replies=self.replies, state=state, audit=self.audit
        )
        self.files = FileCommands(
            folder=folder,
            kill_switch=self.controller,
            commands=self.commands,
            post=self.post,
            clock=clock,
        )

    @property
    def queue(self) -> list[Event]:
        """Events that the engine has not handled yet; without market data."""
        return list(self.inbox._first)

    @property
    def latched(self) -> LatchRecord | None:
        return self.controller.latched

    def kill_id(self) -> str | None:
        return self.controller.kill_id()

    # entrances

    def post(self, event: Event) -> None:
        self.inbox.put(event)
        self._on_post()

    def send(self, command: type[OperatorCommand], actor: str = "test", reason: str = "") -> None:
        self.commands.send(command(ts_ns=self.clock.now_ns(), actor=actor, reason=reason))

    def kill(self, actor: str, reason: str) -> None:
        self.send(Kill, actor, reason)

    def rearm(self, kill_id: str, actor: str = "test", accept: Decimal | None = None) -> bool:
        """Send a re-arm; False if it was refused before it was queued."""
        command = self.rearming(kill_id, actor, accept)
        is_possible = self.commands.refusal(command) is None
        self.commands.send(command)
        return is_possible

    def rearming(self, kill_id: str, actor: str = "test", accept: Decimal | None = None) -> Rearm:
        return Rearm(
            ts_ns=self.clock.now_ns(),
            actor=actor,
            reason="test",
            kill_id=kill_id,
            accept_inventory=accept,
        )

    # as the runner does

    def handle(self, give: Callable[[Event], Step]) -> None:
        """Let the engine handle everything that is queued."""
        while (event := self.inbox.take()) is not None:
            self.handle_one(event, give)

    def handle_one(self, event: Event, give: Callable[[Event], Step]) -> Step | None:
        """Let the engine handle an event that was taken; None if it must not."""
        refused: Refused | None = self.controller.refusal(event)
        if refused is not None:
            self.replies.resolve(event, refused)
            return None
        step = give(event)
        if step.state is not None:
            self.controller.state_changed(step.state)
        if step.outcome is not None:
            self.replies.resolve(event, step.outcome)
        return step

    def state_changed(self, change: StateChange) -> None:
        self.controller.state_changed(change)
