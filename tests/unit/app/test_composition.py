"""The wiring of one daemon: what a dry run lacks, and which parts the runner receives."""

from pathlib import Path
from typing import cast

from quoter.app.composition import RunInputs, make_runner
from quoter.domain.step import Step
from quoter.domain.trading import Cause
from quoter.engine.engine import Engine
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.external_stops.external_stops import NO_EXTERNAL_STOPS, ExternalStops
from quoter.service.killswitch.latch import Latch
from quoter.service.outbox import may_always_send
from quoter.telemetry.metrics import Metrics
from quoter.venues.ports import OrderGateway
from tests.unit.engine.cases import CONFIG
from tests.unit.ledger.cases import opened
from tests.unit.service.test_outbox import Feed, Gateway


def dry_inputs() -> RunInputs:
    return RunInputs(
        engine=Engine(CONFIG),
        feed=Feed(),
        gateway=None,
        clock=Clock(),
        metrics=Metrics(symbol="ABC/USD", venue="test", environment="test"),
        folder=None,
    )


def observe(_: Step) -> None:
    """An observer that does nothing."""


def test_a_dry_run_has_no_write_ahead_and_no_shutdown_of_orders() -> None:
    runner = make_runner(dry_inputs())
    assert runner.write_ahead is None
    assert runner._gateway is None
    assert runner._shutdown is None
    assert runner._calibration is None
    assert runner._outbox._gateway is None
    assert runner._outbox._may_send is may_always_send
    assert runner._external_stops is NO_EXTERNAL_STOPS
    assert not runner.kill_switch.has_disk


async def test_with_a_ledger_every_order_is_written_ahead(tmp_path: Path) -> None:
    gateway = cast(OrderGateway, Gateway())
    async with opened(tmp_path) as ledger:
        inputs = dry_inputs().__replace__(
            gateway=gateway, folder=DataFolder(tmp_path), ledger=ledger
        )
        runner = make_runner(inputs)
        assert runner.write_ahead is not None
        assert runner._outbox._may_send == runner.write_ahead.may_send
        assert ledger.on_failure == runner.write_ahead.fail
        assert runner._shutdown is not None
        assert runner._calibration is not None
        assert runner.kill_switch.has_disk


def test_the_runner_uses_the_parts_that_the_start_prepared() -> None:
    stops = ExternalStops()
    inputs = dry_inputs().__replace__(observers=(observe,), external_stops=stops)
    runner = make_runner(inputs)
    assert runner.engine is inputs.engine
    assert runner._feed is inputs.feed
    assert runner._clock is inputs.clock
    assert runner._metrics is inputs.metrics
    assert runner.announcements.observers == (observe,)
    assert runner._external_stops is stops


def test_a_latch_found_at_the_start_is_the_kill_in_force(tmp_path: Path) -> None:
    record = Latch(tmp_path).write(Cause.LOSS_LIMIT, "lost 101 of 100", 1)
    runner = make_runner(dry_inputs().__replace__(folder=DataFolder(tmp_path), latched=record))
    assert runner.kill_switch.latched == record


def test_commands_files_and_alarms_share_one_inbox() -> None:
    runner = make_runner(dry_inputs())
    runner.file_commands.kill_by_signal()
    assert len(runner.inbox) == 1
    runner.process_health._loop_monitor.set_memory_problem("500 MiB used")
    assert len(runner.inbox) == 2


def test_too_much_memory_requests_the_end_of_the_same_run() -> None:
    runner = make_runner(dry_inputs())
    runner.process_health.resources._restart()
    assert runner._stop_request.is_restart_wanted


def test_the_metrics_show_the_loss_limits_of_the_configuration() -> None:
    inputs = dry_inputs()
    make_runner(inputs)
    shown = {
        sample.value
        for family in inputs.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "quoter_loss_limit_quote"
    }
    assert shown == {float(CONFIG.limits.loss_max)}
