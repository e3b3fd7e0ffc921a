"""Build and connect the parts of one daemon.

The daemon, `quoter check` and the tests build their runner here, so that they run the same wiring.
"""

from dataclasses import dataclass

from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.recording.recorder import Recorder
from quoter.service.announcements import Announcements, Observer
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.external_stops.external_stops import NO_EXTERNAL_STOPS, ExternalStops
from quoter.service.health.process_health import ProcessHealth
from quoter.service.inbox import Inbox
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.killswitch.latch import LatchRecord
from quoter.service.operator_commands.audit import CommandAudit
from quoter.service.operator_commands.entrance import OperatorCommands
from quoter.service.operator_commands.file_commands import FileCommands
from quoter.service.outbox import Outbox, may_always_send
from quoter.service.pending_replies import PendingReplies
from quoter.service.runner import Runner, RunnerComponents
from quoter.service.saved_calibration import CalibrationSaver
from quoter.service.shutdown import Shutdown, StopRequest
from quoter.service.write_ahead import WriteAhead
from quoter.telemetry.metrics import Metrics
from quoter.venues.clock import VenueClock
from quoter.venues.ports import MarketFeed, OrderGateway


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    """Parts that a start has prepared for the run.

    `gateway`, `folder` and `ledger` are None in a dry run: then nothing can be sent. `venue_clock`
    is updated during the run. `rss_max_mb`: memory limit; 0 for none.
    """

    engine: Engine
    feed: MarketFeed
    gateway: OrderGateway | None
    clock: Clock
    metrics: Metrics
    folder: DataFolder | None
    latched: LatchRecord | None = None
    ledger: Ledger | None = None
    venue_clock: VenueClock | None = None
    rss_max_mb: int = 0
    observers: tuple[Observer, ...] = ()
    external_stops: ExternalStops = NO_EXTERNAL_STOPS
    recorder: Recorder | None = None


def make_runner(inputs: RunInputs) -> Runner:
    """Build all parts of a daemon; return its runner, ready to run."""
    stop_request = StopRequest()
    kill_switch = KillSwitchController(
        gateway=inputs.gateway,
        folder=inputs.folder,
        latched=inputs.latched,
        clock=inputs.clock,
    )
    inbox = Inbox(kill_switch)
    pending_replies = PendingReplies(inbox.put)
    write_ahead = _make_write_ahead(inputs, inbox)
    _connect_safety_gauges(inputs, kill_switch)
    engine, gateway, audit = inputs.engine, inputs.gateway, _make_audit(inputs)
    commands = OperatorCommands(
        kill_switch=kill_switch,
        replies=pending_replies,
        state=lambda: engine.causes.state,
        audit=audit,
    )
    return Runner(
        RunnerComponents(
            engine=engine,
            feed=inputs.feed,
            gateway=gateway,
            clock=inputs.clock,
            metrics=inputs.metrics,
            inbox=inbox,
            outbox=_make_outbox(inputs, inbox, write_ahead),
            kill_switch=kill_switch,
            process_health=_make_process_health(inputs, inbox, stop_request),
            pending_replies=pending_replies,
            commands=commands,
            file_commands=FileCommands(
                folder=inputs.folder,
                kill_switch=kill_switch,
                commands=commands,
                post=inbox.put,
                clock=inputs.clock,
            ),
            audit=audit,
            external_stops=inputs.external_stops,
            stop_request=stop_request,
            shutdown=Shutdown(engine, gateway) if gateway is not None else None,
            write_ahead=write_ahead,
            calibration=_make_calibration_saver(inputs),
            announcements=_make_announcements(inputs, kill_switch),
            recorder=inputs.recorder,
        )
    )


def _make_announcements(inputs: RunInputs, kill_switch: KillSwitchController) -> Announcements:
    return Announcements(
        inputs.engine, is_unwritten=kill_switch.is_unwritten, observers=inputs.observers
    )


def _make_audit(inputs: RunInputs) -> CommandAudit:
    ledger, folder = inputs.ledger, inputs.folder
    return CommandAudit(
        write=ledger.record_operation if ledger is not None else None,
        clock=inputs.clock,
        redactor=folder.redactor if folder is not None else None,
    )


def _make_write_ahead(inputs: RunInputs, inbox: Inbox) -> WriteAhead | None:
    ledger = inputs.ledger
    if ledger is None:
        return None
    write_ahead = WriteAhead(
        ledger=ledger,
        engine=inputs.engine,
        clock=inputs.clock,
        metrics=inputs.metrics,
        post=inbox.put,
    )
    ledger.on_failure = write_ahead.fail  # set here: the ledger is opened before the engine
    return write_ahead


def _make_calibration_saver(inputs: RunInputs) -> CalibrationSaver | None:
    engine, ledger = inputs.engine, inputs.ledger
    if ledger is None:
        return None
    return CalibrationSaver(
        learned=lambda: engine.calibration.learned, write=ledger.save_calibration
    )


def _make_outbox(inputs: RunInputs, inbox: Inbox, write_ahead: WriteAhead | None) -> Outbox:
    return Outbox(
        gateway=inputs.gateway,
        feed=inputs.feed,
        post=inbox.put,
        clock=inputs.clock,
        metrics=inputs.metrics,
        may_send=write_ahead.may_send if write_ahead is not None else may_always_send,
    )


def _make_process_health(
    inputs: RunInputs, inbox: Inbox, stop_request: StopRequest
) -> ProcessHealth:
    return ProcessHealth(
        clock=inputs.clock,
        metrics=inputs.metrics,
        gateway=inputs.gateway,
        folder=inputs.folder.path if inputs.folder is not None else None,
        venue_clock=inputs.venue_clock or VenueClock(),
        rss_max_mb=inputs.rss_max_mb,
        post=inbox.put,
        restart=stop_request.restart,
    )


def _connect_safety_gauges(inputs: RunInputs, kill_switch: KillSwitchController) -> None:
    limits, gauges = inputs.engine.config.limits, inputs.metrics.safety
    gauges.set_limits(loss_max=limits.loss_max, drawdown_max=limits.drawdown_max)
    gauges.follow_latch(kill_switch.is_unwritten)
    inputs.external_stops.connect_gauges(gauges)
