"""The components of an engine, built from its configuration and connected.

Nothing is decided here: `engine/engine.py` passes each event to the components it concerns.
"""

from decimal import Decimal
from functools import partial

from quoter.domain.reasons import ReportKind
from quoter.domain.trading import CancelReason
from quoter.engine.commands.controls import Controls
from quoter.engine.config import EngineConfig
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.limits.activity_limits import ActivityLimits
from quoter.engine.limits.losses import Losses
from quoter.engine.market.feed_health import FeedHealth
from quoter.engine.market.market_rules import MarketRules
from quoter.engine.market.view import MarketView
from quoter.engine.orders.lifecycle import Lifecycle
from quoter.engine.orders.refused_cancels import RefusedCancels
from quoter.engine.placing.flattening import Flattening
from quoter.engine.placing.placing import Placing
from quoter.engine.placing.reject_backoff import RejectBackoff
from quoter.engine.placing.stopping import Stopping
from quoter.engine.placing.trial_order import TrialOrder
from quoter.engine.quoting.estimators import Estimators
from quoter.engine.quoting.quoting import Quoting
from quoter.engine.quoting.regime import RegimeWatch
from quoter.engine.reconciliation.coin_fees import CoinFees
from quoter.engine.reconciliation.counter_check import CounterCheck
from quoter.engine.reconciliation.duplicate_instance import DuplicateInstance
from quoter.engine.reconciliation.maker_fee import MakerFee
from quoter.engine.reconciliation.reconcile import Reconcile
from quoter.engine.reconciliation.venue_position import VenuePosition
from quoter.engine.step_builder import StepBuilder
from quoter.pricing.quote.terms import PricingRule, quote_terms
from quoter.state.attribution import Attribution
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.executions import Executions
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrders


class Components:
    """All components of one engine. Their state is in memory and is rebuilt from events."""

    def __init__(self, config: EngineConfig, rule: PricingRule = quote_terms) -> None:
        self.config = config
        self._build_state(config)
        self._build_quoting(config, rule)
        self._build_truth(config)
        self._build_placing(config)
        self._build_stops(config)
        self.controls = Controls(
            config,
            causes=self.causes,
            orders=self.orders,
            inventory=self.inventory,
            market=self.market,
            estimators=self.estimators,
            quoting=self.quoting,
            placing=self.placing,
            reconcile=self.reconcile,
            losses=self.losses,
        )

    def _build_state(self, config: EngineConfig) -> None:
        """Build the state: halt causes, our orders, inventory, attribution and the market."""
        self.causes = HaltCauses(config.hysteresis)
        self.orders = OpenOrders()
        self.instrument = CurrentInstrument(config.instrument)
        self.inventory = Inventory(
            config.instrument, config.opening, target=config.target, known=config.known_fills
        )
        self.executions = Executions(config.order_size)
        self.attribution = Attribution(
            self.instrument, position=self.inventory.net, cash=Decimal(0)
        )
        self.coin_fees = CoinFees(
            instrument=config.instrument, attribution=self.attribution, causes=self.causes
        )
        self.market = MarketView(self.orders, config.book)

    def _build_quoting(self, config: EngineConfig, rule: PricingRule) -> None:
        """Build the components from market to wanted quote: estimators, market regime, quoting."""
        self.estimators = Estimators(config, self.instrument, self.market, self.orders)
        self.calibration = self.estimators.calibration
        self.regime = RegimeWatch(
            config, self.instrument, self.market, self.estimators, self.causes
        )
        self.quoting = Quoting(
            config,
            self.market,
            self.estimators,
            self.regime,
            self.inventory,
            self.instrument,
            rule,
        )

    def _build_truth(self, config: EngineConfig) -> None:
        """Build order lifecycle, reconciliation with the venue, and health of the market feed."""
        self.lifecycle = Lifecycle(
            orders=self.orders,
            inventory=self.inventory,
            attribution=self.attribution,
            charge=self.coin_fees.charge,
            causes=self.causes,
            prices=self.quoting,
            prefixes=(config.own_prefix, config.id_prefix),
        )
        self.reconcile = Reconcile(
            policy=config.reconcile,
            orders=self.orders,
            inventory=self.inventory,
            lifecycle=self.lifecycle,
            causes=self.causes,
            own_prefix=config.own_prefix,
            duplicate_instance=DuplicateInstance(
                own_prefix=config.own_prefix,
                run_prefix=config.id_prefix,
                earlier_runs=config.earlier_runs,
                causes=self.causes,
            ),
            position=VenuePosition(
                inventory=self.inventory,
                base=config.instrument.base,
                inventory_max=config.limits.inventory_max,
                causes=self.causes,
            ),
        )
        self.refused_cancels = RefusedCancels(self.orders, self.causes)
        self.feed = FeedHealth(
            market=self.market, orders=self.orders, causes=self.causes, policy=config.book
        )

    def _build_placing(self, config: EngineConfig) -> None:
        """Build the components from wanted quote to orders: activity limits, back-off, placing."""
        self.reject_backoff = RejectBackoff(market=self.market, causes=self.causes)
        self.activity_limits = ActivityLimits(
            config=config,
            market=self.market,
            orders=self.orders,
            inventory=self.inventory,
            causes=self.causes,
            expected=self.calibration.expected_market,
        )
        self.placing = Placing(
            config=config,
            instrument=self.instrument,
            market=self.market,
            orders=self.orders,
            inventory=self.inventory,
            activity=self.activity_limits,
            lifecycle=self.lifecycle,
            reject_backoff=self.reject_backoff,
        )
        self.trial = TrialOrder(
            config=config,
            market=self.market,
            orders=self.orders,
            placing=self.placing,
            lifecycle=self.lifecycle,
            request_list=partial(self.reconcile.request, ReportKind.OPEN_ORDERS),
        )

    def _build_stops(self, config: EngineConfig) -> None:
        """Build losses, market rules, flattening, stopping and the check of our own counters."""
        self.flattening = Flattening(config, self.market, self.inventory, self.placing, self.causes)
        self.losses = Losses(
            limits=config.limits,
            market=self.market,
            inventory=self.inventory,
            attribution=self.attribution,
            causes=self.causes,
            markout_loss_max=config.pricing.toxic_flow.markout_loss_max,
            order_size=config.order_size,
            expected=self.calibration.expected_market,
        )
        self.rules = MarketRules(
            self.instrument,
            order_size=config.order_size,
            levels=config.pricing.shape.levels,
            period_ns=config.reconcile.rules_ns,
            limits=config.limits,
            activity=config.activity,
            causes=self.causes,
            market=self.market,
        )
        self.maker_fee = MakerFee(self.instrument, period_ns=config.reconcile.fee_ns)
        self.counter_check = CounterCheck(self.orders, self.causes)
        self.stopping = Stopping(
            orders=self.orders, placing=self.placing, causes=self.causes, is_dry=config.is_dry
        )

    def leave_old_grid(self, step: StepBuilder) -> None:
        """Convert our orders to the tick of new rules, and cancel them."""
        self.orders.regrid(self.instrument.now)
        self.placing.cancel_all(CancelReason.REQUOTE, step)
