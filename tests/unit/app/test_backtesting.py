"""A backtest: the settings that it reads."""

from decimal import Decimal

from quoter.app.backtesting import SETTINGS_READ, run_setups
from quoter.backtest.fill_terms import DelayOptions
from quoter.settings import FixedSettings
from quoter.sim.fill_models import FillModel
from quoter.sim.model_markets import BITCOIN

# Read, but without an effect: names of orders, proof of a venue, and foreign orders.
WITHOUT_EFFECT = {"instance", "environment", "trial_order", "foreign_activity"}


class RecordingSettings(FixedSettings):
    """Settings that record which of them are read."""

    def __getattribute__(self, name: str) -> object:
        if name in FixedSettings.model_fields:
            READ.add(name)
        return super().__getattribute__(name)


READ = set[str]()


def test_settings_that_a_backtest_reads_are_the_listed_ones() -> None:
    settings = RecordingSettings(
        order_size=Decimal("0.005"),
        inventory_max=Decimal("0.05"),
        loss_max=Decimal(500),
        notional_max=Decimal(1_000),
        model="as",
        horizon="session",
        session_s=60.0,
    )
    READ.clear()
    delay = DelayOptions(median_ms=10.0, spread=3.0, seed=1)
    run_setups(settings, BITCOIN, start_ns=1, models=(FillModel.FRONT,), delay=delay)
    assert READ == SETTINGS_READ | WITHOUT_EFFECT
