"""The configuration of an engine: values derived from others, and limits without a default."""

from dataclasses import MISSING, fields

import pytest

from quoter.engine.config import ActivityPolicy, EngineConfig, RequotePolicy
from quoter.risk.view import Limits
from tests.unit.engine.cases import CONFIG


def test_tolerance_is_rounded_to_ticks_and_is_at_least_one() -> None:
    policy = RequotePolicy(tolerance=0.1)
    assert policy.tolerance_ticks(half_spread=3.0, tick=0.1) == 3
    assert policy.tolerance_ticks(half_spread=0.0, tick=0.1) == 1


def test_lots_max_is_the_inventory_limit_in_order_sizes() -> None:
    assert CONFIG.lots_max == float(CONFIG.limits.inventory_max / CONFIG.order_size)


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (ActivityPolicy, {field.name for field in fields(ActivityPolicy)}),
        (EngineConfig, {"limits", "activity", "creates_per_s", "book_stale_ns"}),
        (Limits, {"inventory_max", "loss_max", "drawdown_max", "price_collar", "book_spread_max"}),
    ],
)
def test_limits_have_their_default_in_the_settings_alone(
    config: type[ActivityPolicy | EngineConfig | Limits], names: set[str]
) -> None:
    with_default = {
        field.name
        for field in fields(config)
        if field.default is not MISSING or field.default_factory is not MISSING
    }
    assert names & with_default == set()
