"""Build the parts of one daemon and connect them: the only place that does so.

The daemon, `quoter check` and the tests build their runner here, so that they run the same wiring.
"""

from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.external_stops.external_stops import NO_EXTERNAL_STOPS, ExternalStops
from quoter.service.health.process_health import ProcessHealth
from quoter.service.inbox import Inbox
from quoter.service.killswitch.audit_log import FileAuditLog
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.killswitch.latch import LatchRecord
from quoter.service.outbox import Outbox, may_always_send
from quoter.service.pending_replies import PendingReplies
from quoter.service.runner import Observer, Runner, RunnerComponents
from quoter.service.saved_calibration import CalibrationKeeper
from quoter.service.shutdown import Shutdown, StopRequest
from quoter.service.write_ahead import WriteAhead
from quoter.telemetry.metrics import Metrics
from quoter.venues.clock import VenueClock
from quoter.venues.ports import MarketFeed, OrderGateway


def make_runner(
    *,
    engine: Engine,
    feed: MarketFeed,
    gateway: OrderGateway | None,
    clock: Clock,
    metrics: Metrics,
    folder: DataFolder | None,
    latched: LatchRecord | None = None,
    ledger: Ledger | None = None,
    venue_clock: VenueClock | None = None,
    rss_max_mb: int = 0,
    observers: tuple[Observer, ...] = (),
    external_stops: ExternalStops = NO_EXTERNAL_STOPS,
) -> Runner:
    """Return a runner that is ready to run.

    `gateway`, `folder` and `ledger` are None in a dry run: then nothing can be sent. `venue_clock`
    is updated while the runner runs. `rss_max_mb` of 0: memory has no limit.
    """
    inbox, stop_request = Inbox(), StopRequest()
    kill_switch = KillSwitchController(
        gateway=gateway, folder=folder, latched=latched, post=inbox.put, clock=clock
    )
    process_health = ProcessHealth(
        clock=clock,
        metrics=metrics,
        gateway=gateway,
        folder=folder.path if folder is not None else None,
        venue_clock=venue_clock or VenueClock(),
        rss_max_mb=rss_max_mb,
        post=kill_switch.post,
        restart=stop_request.restart,
    )
    write_ahead, calibration = None, None
    if ledger is not None:
        write_ahead = WriteAhead(
            ledger=ledger, engine=engine, clock=clock, metrics=metrics, post=kill_switch.post
        )
        ledger.on_failure = write_ahead.fail  # set here: the ledger is opened before the engine
        calibration = CalibrationKeeper(
            learned=lambda: engine.calibration.learned, write=ledger.keep
        )
        if folder is not None:
            observers += (FileAuditLog(ledger.note, folder.redactor).observe,)
    outbox = Outbox(
        gateway=gateway,
        feed=feed,
        post=kill_switch.post,
        clock=clock,
        metrics=metrics,
        may_send=write_ahead.may_send if write_ahead is not None else may_always_send,
    )
    _connect_safety_gauges(engine, metrics, kill_switch, external_stops)
    return Runner(
        RunnerComponents(
            engine=engine,
            feed=feed,
            gateway=gateway,
            clock=clock,
            metrics=metrics,
            inbox=inbox,
            outbox=outbox,
            kill_switch=kill_switch,
            process_health=process_health,
            pending_replies=PendingReplies(kill_switch.post),
            external_stops=external_stops,
            stop_request=stop_request,
            shutdown=Shutdown(engine, gateway) if gateway is not None else None,
            write_ahead=write_ahead,
            calibration=calibration,
            observers=observers,
        )
    )


def _connect_safety_gauges(
    engine: Engine,
    metrics: Metrics,
    kill_switch: KillSwitchController,
    external_stops: ExternalStops,
) -> None:
    limits, gauges = engine.config.limits, metrics.safety
    gauges.limits(loss_max=limits.loss_max, drawdown_max=limits.drawdown_max)
    gauges.follow_latch(kill_switch.is_unwritten)
    external_stops.connect_gauges(gauges)
