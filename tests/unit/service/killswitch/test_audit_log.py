"""What comes by file or signal is in the books, as what comes by HTTP."""

from decimal import Decimal

import pytest

from quoter.domain.events import OperatorCommand
from quoter.domain.reasons import OperatorAction
from quoter.domain.trading import TradingState
from quoter.ledger.rows import Operation
from quoter.service.killswitch.audit_log import FileAuditLog
from quoter.telemetry.redaction import Redactor
from tests.unit.engine.cases import EngineHarness

CANARY = "c4n4ry-S3cret"


class Books:
    """An engine, and what is written down of what it is asked."""

    def __init__(self) -> None:
        self.harness = EngineHarness().quoting()
        self.rows: list[Operation] = []
        self._operations = FileAuditLog(self.rows.append, Redactor([CANARY]))

    def ask(
        self, action: OperatorAction, actor: str, text: str, accept: Decimal | None = None
    ) -> None:
        event = OperatorCommand(
            ts_ns=self.harness.now_ns,
            action=action,
            actor=actor,
            text=text,
            accept_inventory=accept,
        )
        self._operations.observe(self.harness.tell(event))


@pytest.mark.parametrize("actor", ["file", "signal"])
def test_a_kill_is_written_down_without_our_secrets(actor: str) -> None:
    books = Books()
    books.ask(OperatorAction.KILL, actor, f"too hot {CANARY}")
    assert books.rows == [
        Operation(books.harness.now_ns, actor, "kill", "too hot [redacted]", "{}", "done")
    ]


def test_a_rearm_that_is_asked_for_until_it_is_granted_is_two_lines() -> None:
    books = Books()
    books.ask(OperatorAction.KILL, "file", "too hot")
    for _ in range(5):
        books.harness.tick()
        books.ask(OperatorAction.REARM, "file", "id: cooler", Decimal("0.50"))
    for order in list(books.harness.engine.orders):
        books.harness.done(order)
    books.harness.look_again()
    books.ask(OperatorAction.REARM, "file", "id: cooler", Decimal("0.50"))
    assert books.harness.state() is not TradingState.KILLED
    _, refused, done = books.rows
    assert refused.result.startswith("refused: ")
    assert "orders may be alive" in refused.result
    assert (done.result, done.fields) == ("done", '{"accept_inventory": "0.50"}')


def test_what_the_control_api_writes_down_itself_is_not_written_down_twice() -> None:
    books = Books()
    books.ask(OperatorAction.KILL, "operator:0123abcd", "too hot")
    books.ask(OperatorAction.DRAIN, "process", "stopping")
    assert books.rows == []
