"""Which settings are live parameters, and how far one change may go."""

from dataclasses import asdict, fields
from decimal import Decimal

import pytest

from quoter.app.settings_to_config import engine_config
from quoter.domain.params import LiveParams
from quoter.engine.commands.live_params import params_of
from quoter.settings import LIVE_PARAMS, FixedSettings, Settings
from quoter.settings.live_bounds import FIRST_STEP, bounds_refusals, name_refusal, step_refusal
from tests.unit.state.cases import ABC

SETTINGS = FixedSettings(
    inventory_max=Decimal(10),
    order_size=Decimal(1),
    loss_max=Decimal(50),
    notional_max=Decimal(1_000),
    spread_max_bps=100,
)


def test_the_live_parameters_are_those_of_the_engine_and_start_at_their_settings() -> None:
    settings = SETTINGS.model_copy(
        update={name: getattr(SETTINGS, name) * 0.5 + 1 for name in LIVE_PARAMS if name != "gamma"}
    )
    assert tuple(field.name for field in fields(LiveParams)) == LIVE_PARAMS
    config = engine_config(settings, ABC, start_ns=10**18, opening={})
    assert asdict(params_of(config)) == {name: getattr(settings, name) for name in LIVE_PARAMS}


def test_a_setting_that_is_no_live_parameter_is_refused_with_the_reason() -> None:
    assert name_refusal("gamma") == ""
    for name in (
        "inventory_max",
        "order_size",
        "loss_max",
        "notional_max",
        "levels",
        "spread_max_bps",
        "price_collar_bps",
        "drawdown_max",
    ):
        assert "is a hard limit: restart with a new value of QUOTER_" in name_refusal(name)
    assert "can't change while running" in name_refusal("symbol")
    assert "did you mean size_eta?" in name_refusal("size_etta")
    assert name_refusal("a\n" * 100).isprintable()


def test_every_setting_is_a_live_parameter_or_refused() -> None:
    assert {name for name in Settings.model_fields if not name_refusal(name)} == set(LIVE_PARAMS)


@pytest.mark.parametrize(
    ("name", "before", "after", "is_fine"),
    [
        ("gamma", 1, 2, True),
        ("gamma", 1, 2.01, False),
        ("gamma", 2, 1, True),
        ("gamma", 2, 0.99, False),
        ("gamma", 0.3, 0.6, True),  # floats: 0.3 * 2 is not 0.6 everywhere
        ("gamma", 0.1, 0.2, True),
        ("size_eta", 0, 0.25, True),
        ("size_eta", 0, 0.26, False),
        ("size_eta", 0.2, 0, True),
        ("size_eta", 0.3, 0, False),
        ("size_eta", 0.3, 0.15, True),
        ("side_cooldown_s", 5, 2.5, True),
        ("side_cooldown_s", 5, 0, False),
        ("widening_power", 1, 2, True),
        ("widening_power", 4, 1, False),
    ],
)
def test_one_change_doubles_or_halves_at_most(
    name: str, before: float, after: float, is_fine: bool
) -> None:
    assert (step_refusal(name, before, after) == "") is is_fine


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"gamma": 1001.0}, "QUOTER_GAMMA: must be between 0.001 and 1000"),
        ({"gamma": 0.0}, "gamma: must be greater than 0"),
        ({"gamma": float("nan")}, "gamma: must be a finite number"),
        ({"gamma": float("inf")}, "gamma: must be a finite number"),
        ({"widening_power": 0.9}, "widening_power: must be at least 1"),
        ({"requote_tolerance": 1.1}, "requote_tolerance: must be at most 1"),
        ({"spread_min_bps": 100.0}, "QUOTER_SPREAD_MIN_BPS: must be less than"),
    ],
)
def test_the_bounds_of_the_settings_apply(changed: dict[str, float], line: str) -> None:
    now = {name: getattr(SETTINGS, name) for name in LIVE_PARAMS}
    assert bounds_refusals(SETTINGS, now) == []
    (found,) = bounds_refusals(SETTINGS, now | changed)
    assert found.startswith(line)


def least_live(name: str, start: float) -> float:
    """Return the lowest value that an operator can reach, change by change, from `start`."""
    settings = SETTINGS.model_copy(update={name: start})
    now = {each: getattr(settings, each) for each in LIVE_PARAMS}
    for _ in range(20):
        for value in (0.0, now[name] / 2, FIRST_STEP[name]):
            changed = now | {name: value}
            if value < now[name] and not step_refusal(name, now[name], value):
                now = now if bounds_refusals(settings, changed) else changed
    return float(now[name])


@pytest.mark.parametrize(
    ("name", "start", "least"),
    [
        ("side_cooldown_s", 5.0, 1.0),
        ("alpha_max", 2.0, 0.25),
        ("markout_cost_max", 2.0, 0.25),
        ("spread_min_bps", 4.0, 1.0),
        ("requote_hold_s", 1.0, 0.25),
        ("size_eta", 1.0, 0.0),
    ],
)
def test_a_protection_can_be_lowered_live_but_not_switched_off(
    name: str, start: float, least: float
) -> None:
    assert least_live(name, start) == least


@pytest.mark.parametrize(("start", "least"), [(0.0, 0.0), (0.4, 0.4)])
def test_a_protection_can_return_to_a_lower_setting_but_not_below_it(
    start: float, least: float
) -> None:
    """The owner of the settings chose that value."""
    settings = SETTINGS.model_copy(update={"side_cooldown_s": start})
    now = {name: getattr(settings, name) for name in LIVE_PARAMS}
    assert bounds_refusals(settings, now | {"side_cooldown_s": 1.0}) == []
    assert bounds_refusals(settings, now | {"side_cooldown_s": least}) == []
    assert least_live("side_cooldown_s", start) == least


def test_the_refusal_names_the_live_parameter_and_what_to_do() -> None:
    now = {name: getattr(SETTINGS, name) for name in LIVE_PARAMS}
    assert bounds_refusals(SETTINGS, now | {"side_cooldown_s": 0.7}) == [
        "side_cooldown_s: is a protection and can't go below 1 while running: restart with a "
        "new value of QUOTER_SIDE_COOLDOWN_S (got 0.7)"
    ]
