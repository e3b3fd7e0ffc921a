"""The configuration of the components equals the settings."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quoter.app.settings_to_config import (
    NO_HISTORY,
    calibration_bounds,
    engine_config,
    last_calibration,
    limits,
    market_of,
    own_prefix,
    regime_policy,
    run_prefix,
    venue_config,
)
from quoter.domain.instrument import Instrument
from quoter.domain.market import Bar, MarketHistory, SavedCalibration
from quoter.engine.config import GammaUnit, Horizon, PricingConfig, TrialMode
from quoter.risk.monitors.market_regime import RegimePolicy
from quoter.service.saved_calibration import CalibrationBounds, UsableCalibration
from quoter.settings import FixedSettings, Settings
from quoter.venues.ccxt.connect.trial_requests import needs_trial
from tests.instruments import BTC_USDT
from tests.unit.ledger.cases import opened

START_NS = 1_795_000_000 * 10**9


INSTRUMENT = replace(BTC_USDT, size_max=Decimal(100), fee_maker=Decimal("0.001"))


@pytest.fixture
def instrument() -> Instrument:
    return INSTRUMENT


def settings(**changes: Any) -> Settings:
    """Complete settings, some of them changed; `Any` because pydantic checks the types."""
    required = {
        "inventory_max": "0.05",
        "order_size": "0.005",
        "loss_max": "100",
        "notional_max": "1000",
    }
    return FixedSettings(**(required | changes))


def test_order_ids_begin_with_the_instance_and_are_valid_on_every_venue() -> None:
    prefix = run_prefix(settings(instance="7"), START_NS)
    assert own_prefix(settings(instance="7")) == "q07"
    assert prefix.startswith("q07")
    longest = prefix + "zzzzzzz"
    assert longest.isalnum()
    assert len(longest) <= 18
    assert longest[0] not in "tT0123456789"


def test_two_runs_a_millisecond_apart_have_different_id_prefixes() -> None:
    earlier = run_prefix(settings(), START_NS)
    assert run_prefix(settings(), START_NS + 10**6) != earlier
    assert len(run_prefix(settings(), START_NS + 10**6)) == len(earlier)


def test_the_target_is_the_opening_balance_unless_configured(instrument: Instrument) -> None:
    opening = {"BTC": Decimal(2), "USDT": Decimal(100)}
    auto = engine_config(settings(), instrument, start_ns=START_NS, opening=opening)
    configured = engine_config(
        settings(target="1.5"), instrument, start_ns=START_NS, opening=opening
    )
    assert (auto.target, configured.target) == (Decimal(2), Decimal("1.5"))
    assert auto.lots_max == 10


def test_the_horizon_follows_the_model(instrument: Instrument) -> None:
    def horizon(**changes: Any) -> tuple[Horizon, float]:
        config = engine_config(
            settings(**changes), instrument, start_ns=START_NS, opening={}
        ).pricing
        return config.horizon, config.horizon_s

    assert horizon() == (Horizon.AUTO, 0.0)
    assert horizon(model="as", horizon="90") == (Horizon.ROLLING, 90.0)
    assert horizon(model="as", horizon="session", session_s=3600) == (Horizon.SESSION, 3600.0)


def test_the_venues_fee_is_requested_unless_a_setting_corrects_it() -> None:
    assert venue_config(settings()).fee_maker is None
    assert venue_config(settings(fee_maker_bps=7.5)).fee_maker == Decimal("0.00075")


def test_raw_gamma_keeps_its_value_and_unit(instrument: Instrument) -> None:
    config = engine_config(
        settings(gamma=0.5, gamma_unit="raw"), instrument, start_ns=START_NS, opening={}
    )
    assert (config.pricing.gamma, config.pricing.gamma_unit) == (0.5, GammaUnit.RAW)


def test_limits_equal_the_settings() -> None:
    found = limits(settings(inventory_max="0.08", loss_max="42"))
    assert (found.inventory_max, found.loss_max) == (Decimal("0.08"), Decimal(42))


@pytest.mark.parametrize(
    ("levels", "inventory_max", "size_max"),
    [(1, "0.05", "0.010"), (3, "0.05", "0.020"), (10, "0.05", "0.025"), (10, "0.015", "0.0075")],
)
def test_no_order_is_larger_than_half_of_the_limit(
    levels: int, inventory_max: str, size_max: str
) -> None:
    """PT-02: carried levels may enlarge one order, but at most to half of the inventory limit."""
    found = limits(settings(levels=levels, inventory_max=inventory_max, order_size="0.005"))
    assert found.size_max == Decimal(size_max)


def test_drawdown_limits_follow_the_loss_limit_unless_configured() -> None:
    usual, configured = (
        settings(loss_max="42"),
        settings(loss_max="42", drawdown_max="7", regime_equity_drop="3"),
    )
    assert limits(usual).drawdown_max == 42
    assert regime_policy(usual) == RegimePolicy(equity_drop=21.0)
    assert limits(configured).drawdown_max == 7
    assert regime_policy(configured) == RegimePolicy(equity_drop=3.0)


def test_the_market_regime_policy_equals_the_settings(instrument: Instrument) -> None:
    configured = settings(regime="off", regime_wide=1.5, regime_reduce=3, regime_calm_s=30)
    config = engine_config(configured, instrument, start_ns=START_NS, opening={})
    assert config.regime == replace(
        regime_policy(settings()), is_on=False, wide_ratio=1.5, reduce_ratio=3.0, calm_s=30.0
    )


def test_price_collar_and_activity_limits_equal_the_settings(instrument: Instrument) -> None:
    changed = settings(
        price_collar_bps=50,
        price_jump_bps=40,
        quote_drift_bps=0,
        book_spread_max_bps=200,
        book_depth_min="0.5",
        creates_per_min=100,
        creates_per_fill=7,
        turnover_max=3,
        position_notional_max=2_000,
    )
    config = engine_config(changed, instrument, start_ns=START_NS, opening={})
    bounds, pace = config.limits, config.activity
    assert (bounds.price_collar, bounds.book_spread_max) == (Decimal("0.0050"), Decimal("0.0200"))
    assert (bounds.notional_max, bounds.position_notional_max) == (Decimal(1_000), Decimal(2_000))
    assert bounds.book_depth_min == Decimal("0.5")
    assert pace.price_jump == pytest.approx(0.004)
    assert (pace.quote_drift, pace.creates_per_min, pace.creates_per_fill) == (0.0, 100, 7)
    assert pace.turnover_max == 3.0


def test_only_the_sandbox_has_a_default_api_key() -> None:
    assert venue_config(settings()).api_key
    assert not venue_config(settings(), with_key=False).api_key
    keys = {"api_key": "key", "api_secret": "topsecret"}
    testnet = settings(environment="testnet", **keys)
    assert venue_config(testnet).api_key == "key"
    assert "topsecret" not in repr(venue_config(testnet))


def test_dry_run_takes_the_key_and_can_create_no_order() -> None:
    keys = {"api_key": "key", "api_secret": "topsecret"}
    testnet = settings(environment="testnet", **keys)
    dry = venue_config(testnet, is_dry=True)
    assert dry.api_key == "key"
    assert not dry.places_orders
    assert not needs_trial(dry)
    assert venue_config(testnet).places_orders


@pytest.mark.parametrize(
    ("changes", "is_first"),
    [
        ({}, True),
        ({"environment": "demo"}, True),
        ({"trial_order": "off"}, False),
        ({"environment": "production"}, False),
    ],
)
def test_venue_knows_whether_a_trial_order_comes_first(
    changes: dict[str, Any], is_first: bool, instrument: Instrument
) -> None:
    """By the same rule as the engine, which places it."""
    keys = {"api_key": "key", "api_secret": "topsecret"}
    chosen = settings(**{"environment": "testnet", **keys, **changes})
    engine = engine_config(chosen, instrument, start_ns=START_NS, opening={})
    assert venue_config(chosen).is_trial_first is is_first
    assert (engine.trial is TrialMode.FIRST) is is_first


def test_priors_come_from_the_market_history_unless_configured(
    instrument: Instrument,
) -> None:
    bars = tuple(Bar(100.0, 101.0, 99.0, 100.0) for _ in range(10))
    history = MarketHistory(bars, 60.0, 2.5)

    def pricing(**changes: Any) -> PricingConfig:
        return engine_config(
            settings(**changes), instrument, start_ns=START_NS, opening={}, history=history
        ).pricing

    assert pricing().sigma_prior == pytest.approx(100 * (2e-4 / 60) ** 0.5, rel=0.01)
    assert pricing().trades_per_s_prior == 2.5
    assert pricing(sigma=7).sigma_prior == 7


HISTORY = MarketHistory(tuple(Bar(100.0, 101.0, 99.0, 100.0) for _ in range(10)), 60.0, 2.5)
HISTORY_SIGMA = 100 * (2e-4 / 60) ** 0.5
SAVED = UsableCalibration(sigma=3.0, kappa=0.2, intensity=0.5)


@pytest.mark.parametrize(
    ("changes", "history", "saved", "wanted"),
    [
        ({"sigma": 7, "kappa": 8, "intensity": 9}, HISTORY, SAVED, (7, 8, 9)),
        ({"kappa": 8}, HISTORY, SAVED, (3.0, 8, 0.5)),
        ({}, HISTORY, SAVED, (3.0, 0.2, 0.5)),
        ({}, HISTORY, SAVED._replace(sigma=None), (HISTORY_SIGMA, 0.2, 0.5)),
        ({}, HISTORY, UsableCalibration(), (HISTORY_SIGMA, None, None)),
        ({}, NO_HISTORY, SAVED._replace(sigma=None), (None, 0.2, 0.5)),
        ({}, NO_HISTORY, UsableCalibration(), (None, None, None)),
    ],
)
def test_priors_come_from_settings_then_saved_calibration_then_history(
    instrument: Instrument,
    changes: dict[str, Any],
    history: MarketHistory,
    saved: UsableCalibration,
    wanted: tuple[float | None, ...],
) -> None:
    """A figure without a source is None: the warm-up estimates it."""
    config = engine_config(
        settings(**changes),
        instrument,
        start_ns=START_NS,
        opening={},
        history=history,
        calibration=saved,
    ).pricing
    found = (config.sigma_prior, config.kappa_prior, config.intensity_prior)
    for one, other in zip(found, wanted, strict=True):
        assert one == (other if other is None else pytest.approx(other, rel=0.01))
    assert config.trades_per_s_prior == history.trades_per_s


async def test_the_saved_calibration_is_that_of_the_same_market(tmp_path: Path) -> None:
    changed = settings(data_dir=tmp_path, exchange="kraken", symbol="ETH/EUR")
    assert last_calibration(changed) is None
    learned = SavedCalibration(START_NS, 3.0, 0.2, 0.5)
    async with opened(tmp_path, market=market_of(changed)) as ledger:
        await ledger.save_calibration(learned)
    assert last_calibration(changed) == learned
    other = settings(data_dir=tmp_path, exchange="kraken", symbol="BTC/EUR")
    assert last_calibration(other) is None


def test_the_target_of_a_later_start_comes_from_the_ledger_unless_configured(
    instrument: Instrument,
) -> None:
    opening = {"BTC": Decimal(2)}
    for given, wanted in (({}, "1.2"), ({"target": "1.5"}, "1.5")):
        config = engine_config(
            settings(**given),
            instrument,
            start_ns=START_NS,
            opening=opening,
            target=Decimal("1.2"),
        )
        assert config.target == Decimal(wanted)


def test_calibration_bounds_are_tick_price_and_cost(instrument: Instrument) -> None:
    assert calibration_bounds(settings(), instrument, NO_HISTORY) == CalibrationBounds(0.01)
    changed, dear = settings(adverse_bps=1), replace(instrument, fee_maker=Decimal("0.0005"))
    assert calibration_bounds(changed, dear, HISTORY) == pytest.approx((0.01, 100.0, 0.06))


@pytest.mark.parametrize("changes", [{}, {"environment": "testnet", "exchange": "okx"}])
def test_market_rules_are_requested_every_ten_minutes_on_every_venue(
    instrument: Instrument, changes: dict[str, str]
) -> None:
    config = engine_config(settings(**changes), instrument, start_ns=START_NS, opening={})
    assert config.reconcile.rules_ns == 600 * 10**9
    assert config.reconcile.fee_ns == 3_600 * 10**9
    assert config.reconcile.unread_ns == 60 * 10**9
